/** Mix in, bass out: the whole chain of `bassnb/accompanist.py`, without Python. */

import { decode, encode } from "./autoencoder.mjs";
import { EngineError } from "./errors.mjs";
import { audible, measure } from "./level.mjs";
import { normal } from "./random.mjs";
import { resample } from "./resample.mjs";
import { SAMPLERS, ground, guidedDenoiser, meanOverTime, windowed } from "./sampling.mjs";
import { settingsOf } from "./settings.mjs";

/** @typedef {import("./spectral.mjs").Stereo} Stereo */
/** @typedef {import("./model.mjs").Model} Model */
/** @typedef {import("./settings.mjs").Settings} Settings */
/** @typedef {{channels: Stereo, sampleRate: number}} Sound */
/**
 * What is audible of a sound; `length`: its samples before it was brought to 440 Hz.
 * @typedef {{wave: Stereo, level: number, sounding: boolean[], length: number}} Track
 */
/**
 * @typedef {{latents: Float32Array, regions: [number, number][]}} Keep latents of a take, and the
 *   seconds of it that are made again
 */
/**
 * @typedef {Partial<Settings> & {style?: Sound | Sound[] | Stereo, heard?: Stereo, keep?: Keep}} Options
 *   `heard`: what the model hears in place of the mix, such as the mix with chords
 */
/** @typedef {{channels: Stereo, latents: Float32Array, settings: Record<string, any>}} Take */
/** @typedef {(done: number, total: number, estimate: Float32Array) => Promise<void>} OnStep */

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
  const rate = Math.round(about.sample_rate * 2 ** (settings.tuning / 1200)); // of a song at 440 Hz
  const length = atRate(about, { channels, sampleRate }, "The song")[0].length;
  const track = at440(about, { channels, sampleRate }, rate, "The song");
  const heard = options.heard
    ? at440(about, { channels: options.heard, sampleRate }, rate, "What is heard")
    : track;
  const latents = await sample(model, heard, settings, rate, options, sampleRate, onStep);
  const bass = await sounding(model, latents, track.wave[0].length, track.level);
  const inTune = resample(bass, rate, about.sample_rate, track.length);
  const gain = 1 / Math.max(1, ...inTune.map(peakOf));
  const facts = { model: about.model, version: about.version, sample_rate: about.sample_rate };
  return {
    channels: inTune.map((x) => x.map((y) => y * gain)),
    latents,
    settings: { ...facts, ...settings, level: track.level, gain_db: 20 * Math.log10(gain) },
  };
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
  return bass.map((x) => x.map((y) => (y * level) / about.level.target));
}

/**
 * Standardised latents of a take.
 * @param {Model} model
 * @param {Track} heard
 * @param {Settings} settings
 * @param {number} rate of the song at 440 Hz
 * @param {Options} options
 * @param {number} sampleRate of a style that does not say
 * @param {OnStep} onStep
 */
async function sample(model, heard, settings, rate, options, sampleRate, onStep) {
  const { about } = model;
  const style = options.style ? await styleMean(model, options.style, sampleRate) : null;
  const mix = await encodeTrack(model, "encoder.onnx", about.mix, heard);
  const steps = heard.sounding.length;
  const { latent_channels: channels } = about.bass;
  const again = options.keep ? stepsAgain(about, options.keep, channels * steps, steps, rate) : [];
  const network = windowed(unet(model, steps), about.windows, steps);
  const denoise = guidedDenoiser(network, mix, settings.guidance, settings.phi, heard.sounding);
  const kept = options.keep?.latents;
  const correct = (/** @type {Float32Array} */ c, /** @type {number} */ beta) => {
    const grounded = style ? ground(c, style, beta, settings.strength, heard.sounding) : c;
    return kept ? grounded.map((x, i) => (again[i % steps] ? x : kept[i])) : grounded;
  };
  const watch = (/** @type {number} */ k, /** @type {Float32Array} */ _, /** @type {Float32Array} */ c) =>
    onStep(k + 1, settings.steps, c);
  const noise = normal(BigInt(settings.seed), channels * steps);
  return SAMPLERS[settings.sampler](denoise, noise, settings.steps, correct, watch);
}

/**
 * The U-Net on songs of so many latent steps.
 * @param {Model} model
 * @param {number} steps
 * @returns {import("./sampling.mjs").Network}
 */
function unet(model, steps) {
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

/**
 * Two channels at the rate of the model; a single one is doubled.
 * @param {Model["about"]} about
 * @param {Sound} sound
 * @param {string} name for an error
 * @returns {Stereo}
 */
function atRate(about, { channels, sampleRate }, name) {
  const [left, right = left] = channels ?? [];
  if (!left?.length || left.length !== right.length) {
    throw new EngineError(`${name} has no samples, or channels of two lengths; give another file.`);
  }
  if (!(sampleRate >= 1000 && sampleRate <= 1e6)) {
    throw new EngineError(`${name} has a sample rate of ${sampleRate} Hz; give the true rate.`);
  }
  if (![left, right].every((x) => x.every((y) => Math.abs(y) <= 1e30))) {
    throw new EngineError(`${name} holds samples that are no numbers; export it again.`);
  }
  return resample([left, right], sampleRate, about.sample_rate);
}

/**
 * A song at 440 Hz; longer if it was sharp.
 * @param {Model["about"]} about
 * @param {Sound} sound
 * @param {number} rate samples at 440 Hz for each second of the song
 * @param {string} name for an error
 */
function at440(about, sound, rate, name) {
  const wave = atRate(about, sound, name);
  const longer = Math.ceil((wave[0].length * rate) / about.sample_rate);
  const track = soundingTrack(about, resample(wave, about.sample_rate, rate, longer), name);
  return { ...track, length: wave[0].length };
}

/**
 * What is audible of a wave, measured; refused when silent.
 * @param {Model["about"]} about
 * @param {Stereo} wave
 * @param {string} name for an error
 * @returns {Track}
 */
function soundingTrack(about, wave, name) {
  const heard = audible(wave, about.level, about.samples_per_latent);
  const { level, peak, sounding } = measure(heard, about.level, about.samples_per_latent);
  if (peak < about.level.silence) throw new EngineError(`${name} is silent; give one with sound in it.`);
  return { wave: heard, level, sounding, length: wave[0].length };
}

/**
 * Which latent steps are made again.
 * @param {Model["about"]} about
 * @param {Keep} keep
 * @param {number} size of the latents
 * @param {number} steps
 * @param {number} rate
 * @returns {boolean[]}
 */
function stepsAgain(about, { latents, regions }, size, steps, rate) {
  if (latents.length !== size) {
    throw new EngineError("The take that is kept belongs to another song or tuning; make a take of this one.");
  }
  const again = new Array(steps).fill(false);
  for (const [from, to] of regions) {
    const [first, last] = [from, to].map((seconds) => (seconds * rate) / about.samples_per_latent);
    if (!(first >= 0 && last > first && Math.floor(first) < steps)) {
      throw new EngineError(`A region from ${from} to ${to} s is not part of the song; mark one that is.`);
    }
    again.fill(true, Math.floor(first), Math.ceil(last));
  }
  return again;
}

/** @param {Float32Array} x */
function peakOf(x) {
  return x.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
}
