/** When a bass starts its notes: `bassnb/onsets.py`, the SuperFlux of Böck and Widmer (2013). */

import { stft } from "./spectral.mjs";

export const HOP = 256; // samples, 5.8 ms
export const SAMPLE_RATE = 44100;
const WINDOW = 2048;
const BINS = 256; // up to 5.5 kHz
const PIECE = 512; // frames that are transformed at a time
const LAG = 4; // frames between the compared spectra
const COMPRESSION = 100;
const SURROUNDINGS = 68; // frames, 0.4 s
const HEIGHT = 0.025; // of a peak above the mean of its surroundings
const WAIT = 10; // frames, 60 ms: the shortest time between two onsets

/**
 * Magnitudes below 5.5 kHz, frame by frame.
 * @param {Float32Array} mono 44.1 kHz
 * @returns {Float32Array[]} a frame every 256 samples
 */
export function magnitudes(mono) {
  const frames = Math.ceil(mono.length / HOP);
  const margin = WINDOW / HOP;
  const out = [];
  for (let start = 0; start < frames; start += PIECE) {
    const before = Math.min(margin, start);
    const piece = mono.subarray((start - before) * HOP, (start + PIECE + margin) * HOP);
    const { re, im, frames: found } = stft([piece, piece], WINDOW, HOP, BINS, 1024);
    for (let t = before; t < before + Math.min(PIECE, frames - start); t++) {
      out.push(Float32Array.from({ length: BINS }, (_, k) => Math.hypot(re[k * found + t], im[k * found + t])));
    }
  }
  return out;
}

/**
 * Onset strength: the energy that appears within four frames, bin by bin. The last frames, whose
 * windows reach over the end, have none.
 * @param {Float32Array[]} spectra from `magnitudes`
 * @returns {Float64Array}
 */
export function onsetStrength(spectra) {
  const loudest = spectra.reduce((most, s) => s.reduce((m, x) => Math.max(m, x), most), 1e-9);
  const levels = spectra.map((s) => s.map((x) => Math.log1p((COMPRESSION * x) / loudest)));
  const strength = Float64Array.from(levels, (now, t) => {
    const before = levels[t - LAG];
    let sum = 0;
    for (let k = 0; k < BINS; k++) {
      const last = before ? Math.max(before[Math.max(k - 1, 0)], before[k], before[Math.min(k + 1, BINS - 1)]) : 0;
      sum += Math.max(now[k] - last, 0);
    }
    return sum / BINS;
  });
  return strength.fill(0, Math.max(0, strength.length - WINDOW / HOP / 2));
}

/**
 * Frames of the peaks of an onset strength, in order.
 * @param {Float64Array} strength
 * @returns {number[]}
 */
export function onsetFrames(strength) {
  const mean = surroundings(strength);
  const excess = strength.map((x, t) => x - mean[t]);
  const at = (/** @type {number} */ t) => excess[t] ?? 0;
  const peaks = Array.from(excess.keys()).filter((t) => at(t) >= HEIGHT && at(t) > at(t - 1) && at(t) >= at(t + 1));
  /** @type {number[]} */
  const kept = [];
  for (const peak of peaks.sort((a, b) => at(b) - at(a))) {
    if (kept.every((other) => Math.abs(other - peak) >= WAIT)) kept.push(peak);
  }
  return kept.sort((a, b) => a - b);
}

/**
 * The mean over 0.4 s around each frame; what lies beyond the ends is mirrored.
 * @param {Float64Array} strength
 */
function surroundings(strength) {
  const [length, half] = [strength.length, SURROUNDINGS / 2];
  const at = (/** @type {number} */ t) => {
    const place = ((t % (2 * length)) + 2 * length) % (2 * length);
    return strength[Math.min(place, 2 * length - 1 - place)];
  };
  let sum = 0;
  for (let t = -half - 1; t < half - 1; t++) sum += at(t);
  return strength.map((_, t) => (sum += at(t + half - 1) - at(t - half - 1)) / SURROUNDINGS);
}
