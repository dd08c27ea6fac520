/**
 * From a wave to latents and back, in pieces that overlap by what a latent can depend on:
 * `bassnb/autoencoder.py`, whose networks are ONNX graphs here.
 */

import { emptySpectrum, istft, mirrored, stft } from "./spectral.mjs";

/** @typedef {import("./spectral.mjs").Stereo} Stereo */
/** @typedef {import("./spectral.mjs").Spectrum} Spectrum */
/** @typedef {import("./model.mjs").Geometry} Geometry */
/** @typedef {import("./model.mjs").About} About */
/** @typedef {(inputs: Float32Array, dims: number[]) => Promise<Float32Array[]>} Run */

/**
 * Standardised latents, channel by channel, of a wave that is at the level of the training.
 * @param {Run} run the encoder
 * @param {About} about
 * @param {Geometry} geometry
 * @param {Stereo} wave
 * @returns {Promise<Float32Array>} (channels x steps)
 */
export async function encode(run, about, geometry, wave) {
  const { samples_per_latent: step, chunk } = about;
  const { encoder_reach: reach, latent_channels: channels, mean, std } = geometry;
  const samples = wave[0].length;
  const steps = Math.ceil(samples / step);
  const latents = new Float32Array(channels * steps);
  for (let start = 0; start < steps; start += chunk) {
    const left = Math.max(start - reach, 0);
    const right = Math.min(start + chunk + reach, steps);
    const piece = wave.map((x) => x.subarray(left * step, Math.min(right * step, samples)));
    const coded = await encodePiece(run, about, geometry, piece);
    for (let c = 0; c < channels; c++) {
      for (let l = start; l < Math.min(start + chunk, steps); l++) {
        const value = coded[c * (right - left) + l - left];
        latents[c * steps + l] = (value - mean[c]) / std[c];
      }
    }
  }
  return latents;
}

/**
 * Latents of a piece, whose frames are mirrored at its ends.
 * @param {Run} run
 * @param {About} about
 * @param {Geometry} geometry
 * @param {Stereo} wave
 */
async function encodePiece(run, about, geometry, wave) {
  const { samples_per_latent: step, reference_window: reference } = about;
  const { window, hop, bins, stride } = geometry;
  const steps = Math.ceil(wave[0].length / step);
  const beyond = Math.ceil((window - hop) / 2 / step); // latent steps that an outer frame reaches into
  const whole = mirrored(wave, beyond * step, (steps + beyond) * step - wave[0].length);
  const mid = whole[0].map((left, n) => (left + whole[1][n]) / 2);
  const side = whole[0].map((left, n) => (left - whole[1][n]) / 2);
  const spectrum = stft([mid, side], window, hop, bins, reference);
  const frames = steps * stride;
  const levels = new Float32Array(2 * bins * frames);
  for (let row = 0; row < 2 * bins; row++) {
    for (let t = 0; t < frames; t++) {
      const i = row * spectrum.frames + t + beyond * stride;
      levels[row * frames + t] = toLevel(spectrum.re[i] ** 2 + spectrum.im[i] ** 2, geometry);
    }
  }
  return (await run(levels, [1, 2 * bins, frames]))[0];
}

/**
 * What the encoder reads of a power: its logarithm, so that silence is 0.
 * @param {number} power
 * @param {Geometry} geometry
 */
function toLevel(power, { log_eps: eps, level_scale: scale }) {
  return (Math.log(power + eps) - Math.log(eps)) / scale;
}

/**
 * The wave of standardised latents.
 * @param {Run} run the decoder
 * @param {About} about
 * @param {Geometry} geometry
 * @param {Float32Array} latents (channels x steps)
 * @param {number} length samples, at most those of the latents
 * @returns {Promise<Stereo>}
 */
export async function decode(run, about, geometry, latents, length) {
  const { samples_per_latent: step, chunk } = about;
  const { decoder_reach: reach, latent_channels: channels, mean, std } = geometry;
  const steps = latents.length / channels;
  const wave = [new Float32Array(length), new Float32Array(length)];
  for (let start = 0; start < steps; start += chunk) {
    const left = Math.max(start - reach, 0);
    const right = Math.min(start + chunk + reach, steps);
    const piece = new Float32Array(channels * (right - left));
    for (let c = 0; c < channels; c++) {
      for (let l = left; l < right; l++) {
        piece[c * (right - left) + l - left] = latents[c * steps + l] * std[c] + mean[c];
      }
    }
    const [levels, phase] = await run(piece, [1, channels, right - left]);
    const [first, stop] = [start * step, Math.min((start + chunk) * step, length)];
    synthesise(levels, phase, about, geometry).forEach((channel, i) => {
      wave[i].set(channel.subarray(first - left * step, stop - left * step), first);
    });
  }
  return wave;
}

/**
 * Left and right of levels and phase vectors; see `bassnb.autoencoder.Autoencoder.synthesise`.
 * @param {Float32Array} levels (2 bins x frames)
 * @param {Float32Array} phase (2 x 2 bins x frames)
 * @param {About} about
 * @param {Geometry} geometry
 * @returns {Stereo}
 */
function synthesise(levels, phase, { reference_window: reference }, geometry) {
  const { window, hop, bins, log_eps: eps, level_scale: scale, decimation } = geometry;
  const frames = levels.length / (2 * bins);
  const magnitudes = levels.map((x) => Math.sqrt(Math.max(Math.exp(x * scale) * eps - eps, 1e-8)));
  let spectrum = emptySpectrum(bins, frames);
  for (let row = 0; row < 2 * bins; row++) {
    for (let t = 0; t < frames; t++) {
      const i = row * frames + t;
      const [x, y] = [phase[i], phase[levels.length + i]];
      const size = magnitudes[i] / Math.sqrt(x * x + y * y + 1e-8);
      turn(spectrum, i, x * size, y * size, ((row % bins) * t) % 4);
    }
  }
  for (let k = 0; k < geometry.projections; k++) {
    const wave = istft(spectrum, window, hop, frames * hop, reference, decimation);
    spectrum = stft(wave, window / decimation, hop / decimation, bins, reference);
    withMagnitudes(spectrum, magnitudes);
  }
  const [mid, side] = istft(spectrum, window, hop, frames * hop, reference);
  return [mid.map((m, n) => m + side[n]), mid.map((m, n) => m - side[n])];
}

/**
 * Entry i of a spectrum becomes x + jy, turned by so many quarters.
 * @param {Spectrum} spectrum
 * @param {number} i
 * @param {number} x
 * @param {number} y
 * @param {number} quarters
 */
function turn(spectrum, i, x, y, quarters) {
  for (let k = 0; k < quarters; k++) [x, y] = [-y, x];
  spectrum.re[i] = x;
  spectrum.im[i] = y;
}

/**
 * The phases of a spectrum with other magnitudes, in place.
 * @param {Spectrum} spectrum
 * @param {Float32Array} magnitudes
 */
function withMagnitudes({ re, im }, magnitudes) {
  for (let i = 0; i < re.length; i++) {
    const size = magnitudes[i] / Math.sqrt(re[i] ** 2 + im[i] ** 2 + 1e-10);
    re[i] *= size;
    im[i] *= size;
  }
}
