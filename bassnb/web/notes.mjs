/**
 * What a bass plays, as notes: `bassnb/control/notes.py`. A peak of the onset strength begins a note,
 * and so does a change of pitch that is held; the pitch is that of the whole note.
 */

import { decimated } from "./decimate.mjs";
import { FFT } from "./fft.mjs";
import { HOP, SAMPLE_RATE, magnitudes, onsetFrames, onsetStrength } from "./onsets.mjs";
import { FRAME, RATE, trackPitch } from "./pitch.mjs";

/** @typedef {import("./spectral.mjs").Stereo} Stereo */
/**
 * Seconds, a MIDI number, and 1 to 127.
 * @typedef {{onset: number, offset: number, pitch: number, velocity: number}} Note
 */

const FRAMES = SAMPLE_RATE / HOP; // a second
const LONGEST = 30 * SAMPLE_RATE; // samples of a note in which changes of pitch are looked for
const [LOWEST, HIGHEST] = [28, 420]; // Hz
const SHORTEST = 0.03; // seconds of a note
const LOUDEST = 0.1; // seconds from its onset in which a note is loudest
const [ATTACK, PITCHED] = [0.03, 0.4]; // seconds of a note between which its pitch is taken
const SIZE = 4096; // of the Fourier transform of a note
const COMPRESSION = 0.8; // exponent of the spectrum; 2 would give the autocorrelation
const CLEAR = 0.1; // of the compressed autocorrelation at lag 0: less is a noise without pitch
const NEAR_BEST = 0.7; // of the highest peak: the first that reaches it is the period
const LEGATO = 0.08; // seconds that a pitch is held to be a note of its own
const RELEASE_DB = 25; // below its loudest moment a note has ended
const QUIETEST_DB = 40; // below the loudest note there is none
const MEDIAN_VELOCITY = 90; // of the note of median level
const transform = new FFT(SIZE);

/**
 * The notes of a bass, in order.
 * @param {Stereo} channels 44.1 kHz
 * @param {number} [cents] of the song above A = 440 Hz
 * @returns {Note[]}
 */
export function notesOf([left, right = left], cents = 0) {
  const mono = left.map((x, n) => (x + right[n]) / 2);
  const spectra = magnitudes(mono);
  if (!spectra.some((s) => s.some((x) => x > 0))) return [];
  const level = spectra.map((s) => 10 * Math.log10(s.reduce((sum, x) => sum + x * x, 0) + 1e-12));
  const borders = [...onsetFrames(onsetStrength(spectra)).map((t) => t * HOP), mono.length];
  const found = borders.slice(0, -1).flatMap((start, i) => {
    const wave = mono.subarray(start, Math.min(borders[i + 1], start + LONGEST));
    return pitched(wave, start / SAMPLE_RATE, cents);
  });
  const timed = found.map(({ onset, pitch }, i) => {
    const end = found[i + 1]?.onset ?? mono.length / SAMPLE_RATE;
    return { onset, pitch, ...sounding(level, onset, end) };
  });
  return withVelocities(timed);
}

/**
 * What sounds from one onset to the next: one note, more in a legato, none if it is noise.
 * @param {Float32Array} wave
 * @param {number} start seconds
 * @param {number} cents
 */
function pitched(wave, start, cents) {
  const borders = [0, ...changes(wave), wave.length];
  /** @type {{onset: number, pitch: number}[]} */
  const notes = [];
  for (let i = 0; i + 1 < borders.length; i++) {
    const pitch = Math.round(pitchOf(wave.subarray(borders[i], borders[i + 1])) - cents / 100);
    if (!Number.isNaN(pitch) && notes.at(-1)?.pitch !== pitch) {
      notes.push({ onset: start + borders[i] / SAMPLE_RATE, pitch });
    }
  }
  return notes;
}

/**
 * Samples at which the pitch moves to another that is held; leaps of whole octaves are errors.
 * @param {Float32Array} wave
 * @returns {number[]}
 */
function changes(wave) {
  if (wave.length < 3 * LEGATO * SAMPLE_RATE) return [];
  const midi = trackPitch(wave);
  const held = Math.ceil(LEGATO / FRAME);
  const found = [];
  let last = NaN;
  for (let t = 0; t + held <= midi.length; t++) {
    const stretch = midi.subarray(t, t + held);
    if (!(Math.max(...stretch) - Math.min(...stretch) < 0.5)) continue;
    if (Math.abs(remainder(midi[t] - last + 6, 12) - 6) > 0.7) {
      found.push(Math.round((t - 0.5) * FRAME * SAMPLE_RATE));
      last = midi[t];
    }
    if (Number.isNaN(last)) last = midi[t];
  }
  return found;
}

/**
 * @param {number} x
 * @param {number} by
 */
function remainder(x, by) {
  return ((x % by) + by) % by;
}

/**
 * Pitch of one note in semitones (A4 = 69), NaN if it has none: the first peak of a compressed
 * autocorrelation, that of |X|^0.8, which is nearly as high as the highest.
 * @param {Float32Array} wave
 * @returns {number}
 */
export function pitchOf(wave) {
  const skipped = wave.length > 3 * ATTACK * SAMPLE_RATE ? Math.round(ATTACK * SAMPLE_RATE) : 0;
  const x = decimated(wave.subarray(skipped, Math.round(PITCHED * SAMPLE_RATE)));
  const longest = Math.min(Math.ceil(RATE / LOWEST), Math.floor((x.length * 2) / 3));
  if (longest * HIGHEST < 3 * RATE || x.every((y) => y === 0)) return NaN;
  const n = compressedAutocorrelation(x);
  const negative = n.findIndex((y) => y < 0);
  if (negative < 0 || negative > longest) return NaN;
  const first = Math.max(RATE / HIGHEST, negative + 1);
  const peaks = [];
  for (let lag = 1; lag < longest; lag++) {
    const high = n[lag] > n[lag - 1] && n[lag] >= n[lag + 1] && n[lag] >= CLEAR * n[0];
    if (high && lag >= first) peaks.push(lag);
  }
  const best = Math.max(...peaks.map((lag) => n[lag]));
  const at = peaks.find((lag) => n[lag] >= NEAR_BEST * best);
  if (at === undefined) return NaN;
  const [before, mid, after] = n.subarray(at - 1, at + 2);
  const lag = at + (before - after) / (2 * (before - 2 * mid + after));
  return 69 + 12 * Math.log2(RATE / lag / 440);
}

/**
 * The inverse transform of |X|^0.8, without what lies below the lowest note.
 * @param {Float64Array} x
 */
function compressedAutocorrelation(x) {
  const [re, im] = [new Float64Array(SIZE), new Float64Array(SIZE)];
  x.forEach((y, i) => (re[i] = y * 0.5 * (1 - Math.cos((2 * Math.PI * i) / (x.length - 1)))));
  transform.forward(re, im);
  const lowest = Math.ceil((LOWEST / RATE) * SIZE);
  for (let k = 0; k < SIZE; k++) {
    re[k] = Math.min(k, SIZE - k) < lowest ? 0 : Math.hypot(re[k], im[k]) ** COMPRESSION;
  }
  im.fill(0);
  transform.inverse(re, im);
  return re;
}

/**
 * Offset in seconds and loudest level in dB of a note that another follows at `end`.
 * @param {number[]} level in dB, frame by frame
 * @param {number} onset
 * @param {number} end
 */
function sounding(level, onset, end) {
  const first = Math.round(onset * FRAMES);
  const own = level.slice(first, Math.max(Math.round(end * FRAMES), first + 1));
  const attack = own.slice(0, Math.max(1, Math.round(LOUDEST * FRAMES)));
  const top = attack.indexOf(Math.max(...attack));
  const quiet = own.findIndex((x, t) => t >= top && x < own[top] - RELEASE_DB);
  const offset = quiet < 0 ? end : onset + quiet / FRAMES;
  return { offset: Math.max(Math.min(offset, end), onset + SHORTEST), level: own[top] };
}

/**
 * Velocities by the law of General MIDI, 40 log10(velocity / 127) dB; the median note has 90.
 * @param {{onset: number, offset: number, level: number, pitch: number}[]} timed
 * @returns {Note[]}
 */
function withVelocities(timed) {
  const loudest = Math.max(...timed.map((note) => note.level));
  const kept = timed.filter((note) => note.level > loudest - QUIETEST_DB);
  const levels = kept.map((note) => note.level).sort((a, b) => a - b);
  const middle = levels.length / 2;
  const median = (levels[Math.ceil(middle) - 1] + levels[Math.floor(middle)]) / 2;
  return kept.map(({ onset, offset, level, pitch }) => {
    const velocity = Math.round(MEDIAN_VELOCITY * 10 ** ((level - median) / 40));
    return { onset, offset, pitch, velocity: Math.min(Math.max(velocity, 1), 127) };
  });
}
