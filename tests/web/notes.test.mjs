/** Notes of a bass, and the MIDI file of them, against those of Python. */

import assert from "node:assert/strict";
import test from "node:test";

import { engine, expected } from "./helpers.mjs";

const { notesOf, pitchOf } = await engine("notes");
const { midi } = await engine("midi");

/** The F-measure of two lists of notes: one pitch, onsets within 50 ms, each note once. */
function agreement(found, wanted) {
  const left = [...wanted];
  for (const note of found) {
    const at = left.findIndex((x) => x.pitch === note.pitch && Math.abs(x.onset - note.onset) < 0.05);
    if (at >= 0) left.splice(at, 1);
  }
  const hits = wanted.length - left.length;
  return hits ? (2 * hits) / (found.length + wanted.length) : Number(found.length === wanted.length);
}

test("the notes of a bass are those of Python", () => {
  const lengths = [];
  for (const { wave, cents, notes } of expected.transcribed) {
    const found = notesOf(wave.map((x) => Float32Array.from(x, (y) => y / 32768)), cents);
    lengths.push(notes.length);
    const score = agreement(found, notes);
    assert.ok(score >= 0.9, `${score} of ${notes.length} notes`);
    for (const [i, note] of found.entries()) {
      if (found.length !== notes.length) break;
      assert.ok(Math.abs(note.offset - notes[i].offset) < 0.05, `offset of note ${i}`);
      assert.ok(Math.abs(note.velocity - notes[i].velocity) < 5, `velocity of note ${i}`);
    }
  }
  assert.ok(lengths[0] > 10 && lengths[1] > 10 && lengths[3] >= 2 && lengths[4] === 0, `${lengths}`);
});

test("one channel is enough, and what is too short has no pitch", () => {
  const [{ wave, notes }] = expected.transcribed.slice(2);
  const mono = Float32Array.from(wave[0], (y) => y / 32768);
  assert.equal(agreement(notesOf([mono]), notes), 1);
  assert.ok(Number.isNaN(pitchOf(mono.subarray(10000, 10100))));
  assert.ok(Number.isNaN(pitchOf(new Float32Array(9000))));
});

test("a MIDI file is Python's, byte by byte", () => {
  for (const { notes, tempo, bytes } of expected.midi) {
    assert.deepEqual([...midi(notes, tempo)], bytes, `tempo ${tempo}`);
  }
  assert.equal(midi([]).length, 14 + 19 + 15);
});
