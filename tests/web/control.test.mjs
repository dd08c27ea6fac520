/** Chords, the pad that plays them, and regions, against those of Python. */

import assert from "node:assert/strict";
import test from "node:test";

import { close, engine, expected } from "./helpers.mjs";

const { parseChord } = await engine("chords");
const { placedOf, spansOf, wishOf } = await engine("progression");
const { padOf, tonesOf } = await engine("pad");
const { crossfaded, measured, stepsAgain } = await engine("repaint");

test("chord symbols mean what they mean in Python", () => {
  for (const { text, chord } of expected.symbols) {
    if (chord === false) assert.throws(() => parseChord(text), /is no chord symbol.* write/, text);
    else assert.deepEqual(parseChord(text), chord, text);
  }
});

test("a progression has Python's tones and sound", () => {
  for (const { wish, seconds, tones, pad } of expected.progressions) {
    const found = tonesOf(spansOf(wishOf(wish), seconds));
    const order = (a, b) => a.start - b.start || a.pitch - b.pitch;
    assert.deepEqual(found.sort(order), tones.sort(order), wish.chords);
    const wave = padOf(found, Math.round(seconds * 44100));
    close(wave.filter((_, n) => n % 100 === 0), pad, 1e-6, wish.chords);
  }
});

test("a wish has bounds, and no chords are no wish", () => {
  assert.equal(wishOf({ chords: "  ", tempo: 1 }), null);
  assert.deepEqual(wishOf({ chords: "C", tempo: 90 }), {
    ...{ chords: "C", tempo: 90, chord_level: 6, first_beat: 0, meter: 4 },
  });
  const wrong = [
    [{ chords: "C" }, /tempo is undefined.* give a number from 20 to 400/],
    [{ chords: "C", tempo: 500 }, /tempo is 500.* give/],
    [{ chords: "C", tempo: 90, bars_per_chord: -1 }, /bars_per_chord is -1.* give/],
    [{ chords: "C", tempo: 90, chord_level: 90 }, /chord_level is 90.* give/],
  ];
  for (const [name, [low, high]] of Object.entries(expected.bounds_of_chords)) {
    const wish = (value) => wishOf({ chords: "C", tempo: 90, [name]: value })[name];
    for (const value of [Number(low), Number(high)]) assert.equal(wish(value), value);
    for (const value of [Number(low) - 0.001, Number(high) + 0.001]) assert.throws(() => wish(value), `${name} ${value}`);
  }
  for (const [options, sentence] of wrong) assert.throws(() => wishOf(options), sentence);
  assert.throws(() => spansOf(wishOf({ chords: "C", tempo: 90, first_beat: 9 }), 8), /first bar begins at 9 s/);
  assert.throws(() => placedOf("| |"), /holds no chord.* write/);
  assert.throws(() => placedOf("| C | G |", 2), /choose one/);
  assert.throws(() => placedOf("C ".repeat(10001)), /at most 10000/);
  assert.throws(() => placedOf("C Am Q"), /Chord 3 of the progression, Q, is no chord/);
});

test("regions and crossfades are Python's", () => {
  const about = { samples_per_latent: 4096, bass: { latent_channels: 2 } };
  for (const { regions, steps, seconds, again, wave } of expected.regions) {
    const latents = new Float32Array(2 * steps);
    const found = stepsAgain(about, { latents, regions }, steps, 44100, seconds);
    assert.deepEqual(found, again);
    const [fresh, kept] = [1, -1].map((x) => [new Float32Array(95846).fill(x)]);
    const [sound] = crossfaded(fresh, kept, found, 5, 1 / 4096);
    close(sound.filter((_, n) => n % 50 === 0), wave, 1e-5, JSON.stringify(regions));
  }
});

test("guidance is measured in the regions, where there is music", () => {
  assert.deepEqual(measured([true, true, false], [false, true, true]), [false, true, false]);
  assert.deepEqual(measured([true, false], [false, true]), [true, false]);
});
