/** Mix in, bass out: the whole chain of `bassnb/accompanist.py`, without Python. */

import { decode, encode } from "./autoencoder.mjs";
import { EngineError } from "./errors.mjs";
import { padOf, tonesOf } from "./pad.mjs";
import { spansOf, wishOf } from "./progression.mjs";
import { normal } from "./random.mjs";
import { crossfaded, measured, putBack, stepsAgain } from "./repaint.mjs";
import { resample } from "./resample.mjs";
import { guidedDenoiser } from "./guidance.mjs";
import { SAMPLERS, ground, meanOverTime, windowed } from "./sampling.mjs";
import { settingsOf } from "./settings.mjs";
import { at440, atRate, soundingTrack } from "./tracks.mjs";

/** @typedef {import("./spectral.mjs").Stereo} Stereo */
/** @typedef {import("./model.mjs").Model} Model */
/** @typedef {import("./settings.mjs").Settings} Settings */
/** @typedef {import("./tracks.mjs").Sound} Sound */
/** @typedef {import("./tracks.mjs").Track} Track */
/** @typedef {import("./repaint.mjs").Keep} Keep */
/** @typedef {import("./progression.mjs").Wish} Wish */
/**
 * @typedef {Partial<Settings> & Partial<Wish> & {style?: Sound | Sound[] | Stereo, heard?: Stereo, keep?: Keep}} Options
 *   `heard`: what is encoded in place of the mix
 */
/** @typedef {{channels: Stereo, latents: Float32Array, settings: Record<string, any>}} Take */
/** @typedef {import("./sampling.mjs").Branches} Branches */
/** @typedef {(done: number, total: number, estimate: Float32Array, both?: Branches) => Promise<void>} OnStep */

/**
 * One take to a mix.
 * @param {Model} model
 * @param {Stereo} channels
 * @param {number} sampleRate Hz
 * @param {Options} options
 * @param {OnStep} onStep called after each step of the sampler; to stop, throw
 * @returns {Promise<Take>} 44.1 kHz, as long as the mix
 */
export async function accompany(model, channels, sampleRate, options, onStep) {
  const { about } = model;
  const settings = settingsOf(about, options);
  const wish = wishOf(options);
  const rate = Math.round(about.sample_rate * 2 ** (settings.tuning / 1200)); // of a song at 440 Hz
  const song = at440(about, { channels, sampleRate }, rate, "The song");
  const seconds = song.length / about.sample_rate;
  const input = inputOf(about, song, { channels, sampleRate }, rate, options.heard, wish);
  const { keep } = options;
  const again = keep ? stepsAgain(about, keep, input.sounding.length, rate, seconds) : null;
  const mean = options.style ? await styleMean(model, options.style, sampleRate) : null;
  const latents = await sample(model, input, settings, mean, keep && again ? { kept: keep.latents, again } : null, onStep);
  const level = keep?.level ?? song.level;
  const bass = await sounding(model, latents, song.wave[0].length, level);
  let inTune = resample(bass, rate, about.sample_rate, song.length);
  if (keep?.channels && again) {
    const stepsPerSample = rate / about.sample_rate / about.samples_per_latent;
    inTune = crossfaded(inTune, keep.channels, again, about.bass.decoder_reach, stepsPerSample);
  }
  const gain = 1 / Math.max(1, ...inTune.map(peakOf));
  amplify(inTune, gain);
  const facts = { model: about.model, version: about.version, sample_rate: about.sample_rate };
  return {
    channels: inTune,
    latents,
    settings: { ...facts, ...settings, ...wish, level, gain_db: 20 * Math.log10(gain) },
  };
}

/**
 * The input of the network: the song, or what is given in its place, with the pad of the chords.
 * @param {Model["about"]} about
 * @param {Track} song
 * @param {Sound} given the song as it was given
 * @param {number} rate
 * @param {Stereo | undefined} instead
 * @param {Wish | null} wish
 * @returns {Track}
 */
function inputOf(about, song, { channels, sampleRate }, rate, instead, wish) {
  if (!instead && !wish) return song;
  const sound = { channels: instead ?? channels, sampleRate };
  return at440(about, sound, rate, "The sound in place of the song", (wave) => {
    if (!wish) return wave;
    const stretch = wave[0].length / song.length; // chords are on the clock of the song as it is
    const spans = spansOf(wish, song.length / about.sample_rate);
    const placed = spans.map(({ start, end, chord }) => ({ start: start * stretch, end: end * stretch, chord }));
    const pad = padOf(tonesOf(placed), wave[0].length);
    const gain = song.level * 10 ** ((wish.chord_level ?? 0) / 20);
    return wave.map((x) => x.map((y, n) => y + gain * pad[n]));
  });
}

/**
 * The bass of standardised latents.
 * @param {Model} model
 * @param {Float32Array} latents
 * @param {number} length samples
 * @param {number} level of the mix
 * @returns {Promise<Stereo>}
 */
export async function sounding(model, latents, length, level) {
  const { about } = model;
  const bass = await decode(model.run("decoder.onnx"), about, about.bass, latents, length);
  amplify(bass, level / about.level.target);
  return bass;
}

/**
 * Multiplies in place: a song of minutes is not copied once more.
 * @param {Stereo} channels
 * @param {number} gain
 */
function amplify(channels, gain) {
  if (gain !== 1) for (const x of channels) for (let n = 0; n < x.length; n++) x[n] *= gain;
}

/**
 * Standardised latents of a take.
 * @param {Model} model
 * @param {Track} input
 * @param {Settings} settings
 * @param {number[] | null} style its mean over time
 * @param {{kept: Float32Array, again: boolean[]} | null} repaint
 * @param {OnStep} onStep
 */
async function sample(model, input, settings, style, repaint, onStep) {
  const { about } = model;
  const mix = await encodeTrack(model, "encoder.onnx", about.mix, input);
  const steps = input.sounding.length;
  const network = windowed(unet(model), about.windows, steps);
  const where = repaint ? measured(repaint.again, input.sounding) : input.sounding;
  /** @type {Branches | undefined} */
  let both;
  const tell = (/** @type {Branches | undefined} */ two) => (both = two);
  const denoise = guidedDenoiser(network, mix, settings, where, tell);
  const back = (/** @type {Float32Array} */ c) => (repaint ? putBack(c, repaint.kept, repaint.again) : c);
  const correct = (/** @type {Float32Array} */ c, /** @type {number} */ beta) => {
    // what is kept, the style of the whole, what is kept
    return style ? back(ground(back(c), style, beta, settings.strength, input.sounding)) : back(c);
  };
  const watch = (/** @type {number} */ k, /** @type {Float32Array} */ _, /** @type {Float32Array} */ c) =>
    onStep(k + 1, settings.steps, c, both);
  const noise = normal(BigInt(settings.seed), about.bass.latent_channels * steps);
  return SAMPLERS[settings.sampler](denoise, noise, settings.steps, correct, watch);
}

/**
 * The U-Net.
 * @param {Model} model
 * @returns {import("./sampling.mjs").Network}
 */
function unet(model) {
  const run = model.run("unet.onnx");
  return async (z, t, mix, batch) => {
    const length = mix.length / batch / model.about.mix.latent_channels;
    const dims = [z, mix].map((x) => [batch, x.length / batch / length, length]);
    const times = new Float32Array(batch).fill(t);
    return (await run(z, dims[0], times, [batch], mix, dims[1]))[0];
  };
}

/**
 * Latents of a track that is brought to the level of the training.
 * @param {Model} model
 * @param {string} network
 * @param {import("./model.mjs").Geometry} geometry
 * @param {Track} track
 */
function encodeTrack({ about, run }, network, geometry, { wave, level }) {
  const gain = about.level.target / level;
  return encode(run(network), about, geometry, wave.map((x) => x.map((y) => y * gain)));
}

/**
 * The mean over time of one style or of several, where they sound.
 * @param {Model} model
 * @param {Sound | Sound[] | Stereo} style
 * @param {number} sampleRate of a style that does not say
 * @returns {Promise<number[]>}
 */
async function styleMean(model, style, sampleRate) {
  const { about } = model;
  let [total, count] = [new Float64Array(about.bass.latent_channels), 0];
  for (const sound of soundsOf(style, sampleRate)) {
    const wave = atRate(about, sound, "The style");
    if (wave[0].length < about.samples_per_latent) {
      throw new EngineError("The style is shorter than 0.1 s; give at least that, better 5 s.");
    }
    const track = soundingTrack(about, wave, "The style");
    const latents = await encodeTrack(model, "bass_encoder.onnx", about.bass, track);
    const weight = track.sounding.filter(Boolean).length;
    total = total.map((x, i) => x + weight * meanOverTime(latents, track.sounding)[i]);
    count += weight;
  }
  return Array.from(total, (x) => x / count);
}

/**
 * @param {Sound | Sound[] | Stereo} style
 * @param {number} sampleRate
 * @returns {Sound[]}
 */
function soundsOf(style, sampleRate) {
  if (!Array.isArray(style)) return [style];
  if (!style.length) throw new EngineError("The list of styles is empty; give at least one, or no style.");
  const one = style[0];
  return ArrayBuffer.isView(one)
    ? [{ channels: /** @type {Stereo} */ (style), sampleRate }]
    : /** @type {Sound[]} */ (style);
}

/** @param {Float32Array} x */
function peakOf(x) {
  return x.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
}
