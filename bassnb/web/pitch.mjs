/** Which note a bass plays, every 23 ms: YIN (de Cheveigné and Kawahara 2002), `bassnb/pitch.py`. */

import { DOWN, decimated } from "./decimate.mjs";
import { SAMPLE_RATE } from "./onsets.mjs";

export const RATE = SAMPLE_RATE / DOWN; // Hz
export const FRAME = 128 / RATE; // seconds from one frame to the next
const HOP = 128;
const WINDOW = 384; // 70 ms
const MAX_LAG = 154; // 35.8 Hz
const MIN_LAG = 13; // 420 Hz
const THRESHOLD = 0.2; // the first dip below it is the period
const APERIODICITY = 0.25; // frames whose dip is shallower have no pitch
const FLOOR = 10 ** -3.5; // of the loudest frame's power: softer frames have none

/**
 * Pitches in semitones (A4 = 69), NaN where there is none; frame i is centred on `i * FRAME` seconds.
 * @param {Float32Array} mono 44.1 kHz
 * @returns {Float64Array}
 */
export function trackPitch(mono) {
  const span = WINDOW + MAX_LAG;
  const count = Math.floor(mono.length / (HOP * DOWN)) + 1;
  const low = decimated(mono);
  const x = new Float64Array((count - 1) * HOP + span);
  x.set(low.subarray(0, x.length - span / 2), span / 2);
  const frames = Array.from({ length: count }, (_, i) => x.subarray(i * HOP, i * HOP + span));
  const power = frames.map((frame) => frame.reduce((sum, y) => sum + y * y, 0) / span);
  const least = Math.max(1e-9, FLOOR * power.reduce((most, p) => Math.max(most, p), 0));
  return Float64Array.from(frames, (frame, i) => (power[i] > least ? pitchOfFrame(frame) : NaN));
}

/**
 * Pitch of one frame, NaN if no lag makes it equal to itself.
 * @param {Float64Array} frame
 */
function pitchOfFrame(frame) {
  const dn = normalisedDifference(frame);
  let [at, deepest] = [0, Infinity];
  for (let lag = MIN_LAG; lag < MAX_LAG; lag++) {
    if (!(dn[lag] <= dn[lag - 1] && dn[lag] < dn[lag + 1])) continue;
    if (dn[lag] < deepest) [at, deepest] = [lag, dn[lag]];
    if (dn[lag] < THRESHOLD) break; // the first, which is the deepest so far
  }
  if (!(deepest < APERIODICITY)) return NaN;
  const [a, b, c] = dn.subarray(at - 1, at + 2);
  const shift = (0.5 * (a - c)) / Math.max(a - 2 * b + c, 1e-12);
  const lag = at + Math.max(-0.5, Math.min(0.5, shift));
  return 69 + 12 * Math.log2(RATE / lag / 440);
}

/**
 * The squared difference of a frame and itself `lag` samples later, by its mean over shorter lags.
 * @param {Float64Array} frame
 */
function normalisedDifference(frame) {
  const dn = new Float64Array(MAX_LAG + 1).fill(1);
  let total = 0;
  for (let lag = 1; lag <= MAX_LAG; lag++) {
    let d = 0;
    for (let j = 0; j < WINDOW; j++) d += (frame[j] - frame[j + lag]) ** 2;
    total += d;
    dn[lag] = d / Math.max(total / lag, 1e-12);
  }
  return dn;
}
