/**
 * Short-time Fourier transforms of two channels, with the lengths of `bassnb/spectral.py`.
 *
 * Two real channels are one complex signal: a single transform serves both.
 */

import { FFT } from "./fft.mjs";

/** @typedef {Float32Array[]} Stereo two channels of one length */
/**
 * Frequency bins of two channels, channel by channel, bin by bin, frame by frame.
 * @typedef {{re: Float32Array, im: Float32Array, bins: number, frames: number}} Spectrum
 */

/** @type {Map<number, {fft: FFT, hann: Float64Array}>} */
const tables = new Map();

/** @param {number} window a power of two */
function tablesOf(window) {
  let found = tables.get(window);
  if (!found) {
    const hann = Float64Array.from({ length: window }, (_, n) => Math.sin((Math.PI * n) / window) ** 2);
    found = { fft: new FFT(window), hann };
    tables.set(window, found);
  }
  return found;
}

/**
 * A spectrum of zeros.
 * @param {number} bins
 * @param {number} frames
 * @returns {Spectrum}
 */
export function emptySpectrum(bins, frames) {
  const size = 2 * bins * frames;
  return { re: new Float32Array(size), im: new Float32Array(size), bins, frames };
}

/**
 * ceil(N / hop) frames of the lowest `bins` bins; see `bassnb.spectral.stft`.
 * @param {Stereo} wave
 * @param {number} window
 * @param {number} hop
 * @param {number} bins
 * @param {number} reference the window by which spectra are scaled
 * @returns {Spectrum}
 */
export function stft([one, other], window, hop, bins, reference) {
  const frames = Math.ceil(one.length / hop);
  const spectrum = emptySpectrum(bins, frames);
  const { fft, hann } = tablesOf(window);
  const [re, im] = [new Float64Array(window), new Float64Array(window)];
  const before = Math.floor((window - hop) / 2);
  const scale = reference / window / 2;
  const second = bins * frames;
  for (let t = 0; t < frames; t++) {
    const start = t * hop - before;
    for (let n = 0; n < window; n++) {
      const at = start + n;
      const inside = at >= 0 && at < one.length;
      re[n] = inside ? one[at] * hann[n] : 0;
      im[n] = inside ? other[at] * hann[n] : 0;
    }
    fft.forward(re, im);
    for (let k = 0; k < bins; k++) {
      const mirror = (window - k) % window;
      const i = k * frames + t;
      spectrum.re[i] = (re[k] + re[mirror]) * scale;
      spectrum.im[i] = (im[k] - im[mirror]) * scale;
      spectrum.re[second + i] = (im[k] + im[mirror]) * scale;
      spectrum.im[second + i] = (re[mirror] - re[k]) * scale;
    }
  }
  return spectrum;
}

/**
 * The inverse of `stft`, by windowed overlap-add; see `bassnb.spectral.istft`.
 * @param {Spectrum} spectrum
 * @param {number} window samples at the full rate
 * @param {number} hop
 * @param {number} length
 * @param {number} reference
 * @param {number} [decimation] synthesise at the sample rate divided by it
 * @returns {Stereo}
 */
export function istft(spectrum, window, hop, length, reference, decimation = 1) {
  [window, hop, length] = [window / decimation, hop / decimation, Math.ceil(length / decimation)];
  const { fft, hann } = tablesOf(window);
  const before = Math.floor((window - hop) / 2);
  const wave = [new Float64Array(length), new Float64Array(length)];
  const envelope = new Float64Array(length);
  const [re, im] = [new Float64Array(window), new Float64Array(window)];
  for (let t = 0; t < spectrum.frames; t++) {
    joinFrame(spectrum, t, window, re, im);
    fft.inverse(re, im);
    const start = t * hop - before;
    for (let n = Math.max(0, -start); n < Math.min(window, length - start); n++) {
      wave[0][start + n] += re[n] * hann[n];
      wave[1][start + n] += im[n] * hann[n];
      envelope[start + n] += hann[n] ** 2;
    }
  }
  return wave.map((sum) => sum.map((x, n) => x / reference / Math.max(envelope[n], 1e-8))).map(
    (sum) => Float32Array.from(sum),
  );
}

/**
 * Frame t of both channels as the transform of one complex signal; bins that are missing are zero.
 * @param {Spectrum} spectrum
 * @param {number} t
 * @param {number} window
 * @param {Float64Array} re
 * @param {Float64Array} im
 */
function joinFrame({ re: real, im: imaginary, bins, frames }, t, window, re, im) {
  re.fill(0);
  im.fill(0);
  const second = bins * frames;
  for (let k = 0; k < Math.min(bins, window / 2 + 1); k++) {
    const i = k * frames + t;
    const [a, b, c, d] = [real[i], imaginary[i], real[second + i], imaginary[second + i]];
    if (k === 0 || 2 * k === window) {
      re[k] = a;
      im[k] = c;
      continue;
    }
    re[k] = a - d;
    im[k] = b + c;
    re[window - k] = a + d;
    im[window - k] = c - b;
  }
}

/**
 * A wave with as many samples before and after it as if there were a mirror at each end.
 * @param {Stereo} wave
 * @param {number} before
 * @param {number} after
 * @returns {Stereo}
 */
export function mirrored(wave, before, after) {
  const length = wave[0].length;
  const period = 2 * length;
  return wave.map((channel) => {
    const out = new Float32Array(before + length + after);
    out.set(channel, before);
    const reflected = (/** @type {number} */ at) => {
      const place = ((at % period) + period) % period;
      return channel[Math.min(place, period - 1 - place)];
    };
    for (let i = 0; i < before; i++) out[i] = reflected(i - before);
    for (let i = 0; i < after; i++) out[before + length + i] = reflected(length + i);
    return out;
  });
}
