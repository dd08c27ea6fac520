/**
 * Chord symbols of lead sheets, such as C, F#m7b5 or Bb/D, as pitch classes: `bassnb/control/chords.py`.
 * A suffix is read from left to right; each token changes some degrees of a major triad.
 */

import { EngineError } from "./errors.mjs";

/** @typedef {{root: number, steps: number[], bass: number}} Chord semitones above C, and above the root */
/** @typedef {Record<string, number>} Degrees name of a degree -> semitones above the root */

/** @type {Record<string, number>} */
const NATURAL = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const MAJOR = [0, 2, 4, 5, 7, 9, 11]; // semitones of the degrees 1 to 7
const NOTHING = ["N", "N.C.", "NC", "X"];
const LEAD = /^([A-G](?:#+|b+)?)(.*?)(?:\/([A-G](?:#+|b+)?))?$/;
/** @type {Record<string, string>} */
const SIGNS = {
  ...{ "♯": "#", "♭": "b", Δ: "maj", "△": "maj", "^": "maj", "°": "dim", º: "dim", ø: "hdim", Ø: "hdim" },
  ...{ "−": "-", "–": "-", "(": "", ")": "", ",": "" },
};
const SPELLINGS = [
  ["major|Major|Maj|MAJ|maj|ma|Ma|MA|M|j", "maj"],
  ["minor|min|mi(?!n)|m(?!aj|in|i)|^-", "m"],
  ["dim|(?<!n)o(?!m)", "dim"],
  ["^\\+|\\+$", "aug"],
  ["\\+(?=\\d)", "#"],
  ["-(?=\\d)", "b"],
];
const SPELLING = new RegExp(SPELLINGS.map(([pattern]) => `(${pattern})`).join("|"), "g");

/** @type {[RegExp, (degrees: Degrees, token: string) => void][]} the first that fits is read */
const TOKENS = [
  [/^maj(?:13|11|9|7)?/, major],
  [/^m/, (degrees) => set(degrees, { 3: 3 })],
  [/^hdim7?/, (degrees) => set(degrees, { 3: 3, 5: 6, 7: 10 })],
  [/^dim/, (degrees) => set(degrees, { 3: 3, 5: 6 })],
  [/^aug/, (degrees) => set(degrees, { 5: 8 })],
  [/^sus[24]?/, suspended],
  [/^6\/?9/, (degrees) => set(degrees, { 6: 9, 9: 2 })],
  [/^alt/, altered],
  [/^add[b#]?(?:13|11|9|6|4|2)(?!\d)/, (degrees, token) => add(degrees, token.slice(3))],
  [/^(?:no|omit)[35]/, (degrees, token) => void delete degrees[token.slice(-1)]],
  [/^[b#](?:13|11|9|6|5)/, (degrees, token) => set(degrees, { [token.slice(1) === "5" ? "5" : token]: semitones(token) })],
  [/^(?:13|11|9|7)/, stack],
  [/^[642](?!\d)/, add],
];

/**
 * A chord; null for N.C., no chord.
 * @param {string} text without spaces
 * @param {string} [where] it stands, for an error
 * @returns {Chord | null}
 */
export function parseChord(text, where = "The chord") {
  if (NOTHING.includes(text)) return null;
  const plain = Array.from(text, (sign) => SIGNS[sign] ?? sign).join("");
  const [, note, suffix, low] = LEAD.exec(plain) ?? [];
  const degrees = note ? readSuffix(suffix) : null;
  if (!degrees) {
    const way = "write it like C, Am, F#m7b5, Bbmaj7, Gsus4, C/E or N.C.";
    throw new EngineError(`${where}, ${text.slice(0, 40)}, is no chord symbol; ${way}`);
  }
  const steps = [...new Set(Object.values(degrees))].sort((a, b) => a - b);
  return { root: pitchClass(note), steps, bass: pitchClass(low ?? note) };
}

/**
 * What sounds of a chord, the bass included.
 * @param {Chord} chord
 * @returns {number[]} pitch classes
 */
export function pitchClasses({ root, steps, bass }) {
  return [...new Set([...steps.map((step) => (root + step) % 12), bass])];
}

/** @param {string} note such as Eb or F# */
function pitchClass(note) {
  const signs = note.slice(1).length * (note[1] === "b" ? -1 : 1);
  return (((NATURAL[note[0]] + signs) % 12) + 12) % 12;
}

/**
 * Semitones of a degree such as 3, b7 or #11 above the root, below an octave.
 * @param {string} degree
 */
function semitones(degree) {
  const number = Number(degree.replace(/^[b#]/, ""));
  return (MAJOR[(number - 1) % 7] + Number(degree[0] === "#") - Number(degree[0] === "b") + 12) % 12;
}

/**
 * The degrees of a chord from what follows its root, such as m7b5; null if it means nothing.
 * @param {string} suffix
 */
function readSuffix(suffix) {
  /** @type {Degrees} */
  const degrees = { 1: 0, 3: 4, 5: 7 };
  let rest = suffix.replace(SPELLING, (_, ...groups) => SPELLINGS[groups.findIndex((x) => x !== undefined)][1]);
  if (rest === "5") return { 1: 0, 5: 7 };
  const read = new Set();
  while (rest) {
    const found = TOKENS.find(([pattern]) => pattern.test(rest));
    const token = found?.[0].exec(rest)?.[0] ?? "";
    if (!found || read.has(token)) return null;
    found[1](degrees, token);
    read.add(token);
    rest = rest.slice(token.length);
  }
  return degrees;
}

/**
 * @param {Degrees} degrees
 * @param {Degrees} heights
 */
function set(degrees, heights) {
  Object.assign(degrees, heights);
}

/**
 * @param {Degrees} degrees
 * @param {string} token
 */
function add(degrees, token) {
  degrees[token] = semitones(token);
}

/**
 * @param {Degrees} degrees
 * @param {string} token
 */
function major(degrees, token) {
  if (token === "maj") return;
  stack(degrees, token.slice(3));
  degrees[7] = 11;
}

/**
 * 7, 9, 11 or 13: a seventh, diminished over a diminished triad, and what stands above it.
 * @param {Degrees} degrees
 * @param {string} token
 */
function stack(degrees, token) {
  degrees[7] = degrees[3] === 3 && degrees[5] === 6 ? 9 : 10;
  if (token !== "7") add(degrees, "9");
  if (token === "11" || token === "13") add(degrees, token);
}

/**
 * @param {Degrees} degrees
 * @param {string} token
 */
function suspended(degrees, token) {
  delete degrees[3];
  set(degrees, token === "sus2" ? { 2: 2 } : { 4: 5 });
}

/** @param {Degrees} degrees */
function altered(degrees) {
  delete degrees[5];
  set(degrees, { 7: 10, b9: 1, "#9": 3, b13: 8 });
}
