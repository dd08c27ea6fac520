/** Chords in time: a line of text on the bars of a song, `bassnb/control/progression.py`. */

import { parseChord } from "./chords.mjs";
import { EngineError } from "./errors.mjs";

/** @typedef {import("./chords.mjs").Chord} Chord */
/** @typedef {{start: number, end: number, chord: Chord}} Span seconds */
/**
 * The chords to play to; names as in `bassnb.settings.ControlSettings`.
 * @typedef {{chords: string, tempo: number, bars_per_chord?: number, chord_level?: number,
 *   first_beat?: number, meter?: number}} Wish
 */

const MOST_CHORDS = 10_000;
/** @type {Record<string, [number, number]>} */
const BOUNDS = { tempo: [20, 400], bars_per_chord: [0.01, 1000], chord_level: [-40, 40], meter: [1, 32] };
const USUAL = { chord_level: 6, first_beat: 0, meter: 4 };

/**
 * The wish among options, complete and within its bounds; null without chords.
 * @param {Record<string, any>} options
 * @returns {Required<Omit<Wish, "bars_per_chord">> & Wish | null}
 */
export function wishOf(options) {
  if (!options.chords?.trim()) return null;
  const { chords, tempo, bars_per_chord } = options;
  const wish = { chords, tempo, ...(bars_per_chord ? { bars_per_chord } : {}), ...USUAL };
  for (const name of /** @type {(keyof typeof USUAL)[]} */ (Object.keys(USUAL))) wish[name] = options[name] ?? wish[name];
  for (const [name, [low, high]] of Object.entries(BOUNDS)) {
    const value = /** @type {Record<string, any>} */ (wish)[name];
    if (value === undefined && name === "bars_per_chord") continue;
    if (!(typeof value === "number" && low <= value && value <= high)) {
      throw new EngineError(`${name} is ${value}; give a number from ${low} to ${high}.`);
    }
  }
  return wish;
}

/**
 * The chords of a text with their lengths in bars. Between bar lines they share a bar; % repeats.
 * @param {string} text such as "Am F C G" or "| Am F | C G7 | % |"
 * @param {number} [barsPerChord] not together with bar lines
 * @returns {{chord: Chord | null, bars: number}[]}
 */
export function placedOf(text, barsPerChord) {
  const pieces = text.split("|").map((bar) => bar.split(/\s+/).filter(Boolean));
  const [barred, bars] = [pieces.length > 1, pieces.filter((bar) => bar.length)];
  if (!bars.length) throw new EngineError("The progression holds no chord; write it like Am F C G.");
  if (barred && barsPerChord) {
    throw new EngineError("The progression has bar lines and bars per chord are given too; choose one of the two.");
  }
  if (bars.flat().length > MOST_CHORDS) throw new EngineError(`Give at most ${MOST_CHORDS} chords; these are more.`);
  /** @type {{chord: Chord | null, bars: number}[]} */
  const placed = [];
  /** @type {typeof placed} */
  let previous = [];
  let number = 0;
  for (const bar of bars) {
    if (barred && bar.join() === "%" && previous.length) {
      number++;
      placed.push(...previous);
      continue;
    }
    previous = bar.map((symbol) => {
      number++;
      const repeated = symbol === "%" ? placed.at(-1) : undefined;
      const chord = repeated ? repeated.chord : parseChord(symbol, `Chord ${number} of the progression`);
      placed.push({ chord, bars: barred ? 1 / bar.length : (barsPerChord ?? 1) });
      return placed[placed.length - 1];
    });
  }
  return placed;
}

/**
 * The chords of a wish, one after another from bar 1 and again from the first, until the song ends.
 * What comes before bar 1 has the first chord; where there is no chord there is no span.
 * @param {Wish} wish
 * @param {number} seconds length of the song
 * @returns {Span[]}
 */
export function spansOf({ chords, tempo, bars_per_chord, first_beat: first = 0, meter = 4 }, seconds) {
  if (!(0 <= first && first < seconds)) {
    throw new EngineError(`The first bar begins at ${first} s in a song of ${seconds.toFixed(1)} s; give a time within it.`);
  }
  const placed = placedOf(chords, bars_per_chord);
  const spans = [];
  let [bars, start] = [0, 0];
  for (let i = 0; start < seconds; i++) {
    const { chord, bars: length } = placed[i % placed.length];
    bars += length;
    const end = Math.min(first + (bars * meter * 60) / tempo, seconds);
    if (chord && end > start) spans.push({ start, end, chord });
    start = Math.max(start, end);
  }
  return spans;
}
