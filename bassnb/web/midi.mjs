/** Notes as a Standard MIDI File: what a music program opens. `bassnb/control/midi.py` writes the same. */

/** @typedef {import("./notes.mjs").Note} Note */
/** @typedef {{tick: number, bytes: number[]}} Event */

const PROGRAM = 33; // of General MIDI: finger bass
const TICK = 0.001; // seconds, of the longest tick
const USUAL = 120; // beats a minute of a file without a tempo

/**
 * A file of type 1: a track of tempo and bars, a track of notes.
 * @param {Note[]} notes
 * @param {number | null} [tempo] beats a minute; null writes 120, and no bars
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function midi(notes, tempo = null) {
  const pace = Math.round(60e6 / (tempo ?? USUAL)); // microseconds a beat
  const division = 480 * Math.ceil(pace / 1e6 / TICK / 480); // ticks a beat
  const tickOf = (/** @type {number} */ seconds) => Math.round((seconds / pace) * 1e6 * division);
  const conductor = [{ tick: 0, bytes: [0xff, 0x51, 3, ...bigEndian(pace, 3)] }];
  if (tempo) conductor.push({ tick: 0, bytes: [0xff, 0x58, 4, 4, 2, 24, 8] }); // four quarters a bar
  const played = notes.flatMap(({ onset, offset, pitch, velocity }) => {
    const tick = tickOf(onset);
    return [
      { tick, bytes: [0x90, pitch, velocity] },
      { tick: Math.max(tickOf(offset), tick + 1), bytes: [0x80, pitch, 0] },
    ];
  });
  const header = [...letters("MThd"), ...bigEndian(6, 4), 0, 1, 0, 2, ...bigEndian(division, 2)];
  return Uint8Array.from([...header, ...track(conductor), ...track([{ tick: 0, bytes: [0xc0, PROGRAM] }, ...played])]);
}

/**
 * A track of events; at one tick, ends of notes come before beginnings.
 * @param {Event[]} events
 */
function track(events) {
  const begins = (/** @type {Event} */ { bytes }) => Number((bytes[0] & 0xf0) === 0x90);
  const sorted = [...events].sort((a, b) => a.tick - b.tick || begins(a) - begins(b));
  let now = 0;
  const data = sorted.flatMap(({ tick, bytes }) => {
    const wait = variableLength(tick - now);
    now = tick;
    return [...wait, ...bytes];
  });
  data.push(0, 0xff, 0x2f, 0); // end of the track
  return [...letters("MTrk"), ...bigEndian(data.length, 4), ...data];
}

/**
 * A number in groups of seven bits, of which all but the last have the eighth bit set.
 * @param {number} number
 */
function variableLength(number) {
  const groups = [number & 0x7f];
  while ((number >>= 7)) groups.unshift((number & 0x7f) | 0x80);
  return groups;
}

/**
 * @param {number} number
 * @param {number} count of bytes
 */
function bigEndian(number, count) {
  return Array.from({ length: count }, (_, i) => (number >>> (8 * (count - 1 - i))) & 0xff);
}

/** @param {string} text */
function letters(text) {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}
