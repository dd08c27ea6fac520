/** Sounds that are given: brought to the rate of the model and to 440 Hz, measured, refused when silent. */

import { EngineError } from "./errors.mjs";
import { audible, measure } from "./level.mjs";
import { resample } from "./resample.mjs";

/** @typedef {import("./spectral.mjs").Stereo} Stereo */
/** @typedef {import("./model.mjs").About} About */
/** @typedef {{channels: Stereo, sampleRate: number}} Sound */
/**
 * What is audible of a sound; `length`: its samples before it was brought to 440 Hz.
 * @typedef {{wave: Stereo, level: number, sounding: boolean[], length: number}} Track
 */

/**
 * Two channels at the rate of the model; a single one is doubled.
 * @param {About} about
 * @param {Sound} sound
 * @param {string} name for an error
 * @returns {Stereo}
 */
export function atRate(about, { channels, sampleRate }, name) {
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
 * @param {About} about
 * @param {Sound} sound
 * @param {number} rate samples at 440 Hz for each second of the song
 * @param {string} name for an error
 * @param {(wave: Stereo) => Stereo} [change] of the song at 440 Hz, before anything is measured
 */
export function at440(about, sound, rate, name, change = (wave) => wave) {
  const wave = atRate(about, sound, name);
  const longer = Math.ceil((wave[0].length * rate) / about.sample_rate);
  const track = soundingTrack(about, change(resample(wave, about.sample_rate, rate, longer)), name);
  return { ...track, length: wave[0].length };
}

/**
 * What is audible of a wave, measured; refused when silent.
 * @param {About} about
 * @param {Stereo} wave
 * @param {string} name for an error
 * @returns {Track}
 */
export function soundingTrack(about, wave, name) {
  const filtered = audible(wave, about.level, about.samples_per_latent);
  const { level, peak, sounding } = measure(filtered, about.level, about.samples_per_latent);
  if (peak < about.level.silence) throw new EngineError(`${name} is silent; give one with sound in it.`);
  return { wave: filtered, level, sounding, length: wave[0].length };
}
