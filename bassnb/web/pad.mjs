/**
 * A soft organ that plays the wanted chords, for the network's ear alone: `bassnb/control/pad.py`.
 * Its tones are sums of sines whose phases count from the beginning of the song.
 */

import { pitchClasses } from "./chords.mjs";

/** @typedef {import("./progression.mjs").Span} Span */
/** @typedef {{start: number, end: number, pitch: number}} Tone samples, and a MIDI number */

const RATE = 44100; // Hz
const DRAWBARS = [0, 1, 0.6, 0.35, 0.25, 0, 0.1]; // amplitude of the multiples of the frequency
const [LOWEST, LOWEST_BASS] = [60, 48]; // MIDI: chord tones lie in the octave from C4, the bass in that from C3
const FADE = Math.round(0.03 * RATE); // samples that a tone takes to begin and to end
const LEVEL = Math.sqrt((4 * DRAWBARS.reduce((sum, x) => sum + x * x, 0)) / 2); // of four tones, a triad and its bass

/**
 * The tones of a progression; what neighbouring chords have in common is held.
 * @param {Span[]} spans
 * @returns {Tone[]}
 */
export function tonesOf(spans) {
  /** @type {Tone[]} */
  const tones = [];
  /** @type {Map<number, Tone>} */
  const last = new Map();
  for (const { start, end, chord } of spans) {
    const [first, stop] = [start, end].map((seconds) => Math.round(seconds * RATE));
    const pitches = pitchClasses(chord).map((tone) => LOWEST + tone);
    for (const pitch of new Set([...pitches, LOWEST_BASS + chord.bass])) {
      const held = last.get(pitch);
      if (held?.end === first) {
        held.end = stop;
        continue;
      }
      const tone = { start: first, end: stop, pitch };
      last.set(pitch, tone);
      tones.push(tone);
    }
  }
  return tones;
}

/**
 * The pad, at the level 1 of a usual chord.
 * @param {Tone[]} tones
 * @param {number} length samples
 * @returns {Float32Array}
 */
export function padOf(tones, length) {
  const wave = new Float32Array(length);
  for (const { start, end, pitch } of tones) {
    const turn = (2 * Math.PI * 440 * 2 ** ((pitch - 69) / 12)) / RATE;
    for (let n = start; n < Math.min(end + FADE, length); n++) {
      const distance = Math.min(n - start, end + FADE - n) / FADE; // to the nearer end
      const envelope = distance < 1 ? Math.sin((Math.PI / 2) * distance) ** 2 : 1;
      wave[n] += (envelope * harmonics(turn * n)) / LEVEL;
    }
  }
  return wave;
}

/**
 * The sum of a_k sin(k x), by the recurrence of Clenshaw (1955).
 * @param {number} x
 */
function harmonics(x) {
  const twice = 2 * Math.cos(x);
  let next = 0;
  let sum = 0;
  for (let k = DRAWBARS.length - 1; k > 0; k--) {
    const after = next;
    next = sum;
    sum = DRAWBARS[k] + twice * next - after;
  }
  return sum * Math.sin(x);
}
