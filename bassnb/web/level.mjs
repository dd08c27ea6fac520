/** The level of the music in a recording, without the silence around it: `bassnb/level.py`. */

/** @typedef {import("./spectral.mjs").Stereo} Stereo */
/** @typedef {import("./model.mjs").Level} Level */
/** @typedef {{level: number, peak: number, sounding: boolean[]}} Measured */

/**
 * What is audible of a wave: without what lies below 20 Hz.
 * @param {Stereo} wave
 * @param {Level} constants
 * @param {number} samplesPerLatent
 * @returns {Stereo}
 */
export function audible(wave, constants, samplesPerLatent) {
  return wave.map((channel) => {
    let offset = 0; // start in its steady state: no step at the beginning
    for (const x of channel.subarray(0, samplesPerLatent)) offset += x;
    offset /= samplesPerLatent;
    const out = Float64Array.from(channel);
    constants.high_pass.forEach((section, i) => {
      const state = constants.steady_state[i].map((x) => x * offset);
      secondOrder(out, section, state, constants.piece);
    });
    return Float32Array.from(out);
  });
}

/**
 * A filter of second order, in place (direct form II, transposed).
 * @param {Float64Array} x
 * @param {number[]} section three coefficients of the numerator, three of the denominator
 * @param {number[]} state
 * @param {number} piece samples after which a vanishing state is cleared: denormal numbers are slow
 */
function secondOrder(x, [b0, b1, b2, , a1, a2], [first, second], piece) {
  for (let n = 0; n < x.length; n++) {
    const y = b0 * x[n] + first;
    first = b1 * x[n] - a1 * y + second;
    second = b2 * x[n] - a2 * y;
    x[n] = y;
    if ((n + 1) % piece === 0) {
      if (Math.abs(first) < 1e-30) first = 0;
      if (Math.abs(second) < 1e-30) second = 0;
    }
  }
}

/**
 * Level, peak, and the latent steps that sound, of a wave that is all audible.
 * @param {Stereo} wave
 * @param {Level} constants
 * @param {number} samplesPerLatent
 * @returns {Measured}
 */
export function measure(wave, constants, samplesPerLatent) {
  const { hop } = constants;
  const length = wave[0].length;
  const hops = Math.ceil(length / hop);
  const energy = new Float64Array(hops);
  let peak = 0;
  for (const channel of wave) {
    for (let n = 0; n < length; n++) {
      energy[Math.floor(n / hop)] += channel[n] ** 2 / wave.length;
      peak = Math.max(peak, Math.abs(channel[n]));
    }
  }
  const count = energy.map((_, i) => Math.min(hop, length - i * hop));
  const sounds = soundingHops(energy.map((e, i) => e / count[i]), constants);
  const total = (/** @type {Float64Array} */ x) => x.reduce((sum, y, i) => sum + (sounds[i] ? y : 0), 0);
  const level = sounds.some(Boolean) ? Math.sqrt(total(energy) / total(count)) : 0;
  const perLatent = samplesPerLatent / hop;
  const sounding = Array.from({ length: Math.ceil(hops / perLatent) }, (_, i) =>
    sounds.slice(i * perLatent, (i + 1) * perLatent).some(Boolean),
  );
  return { level, peak, sounding };
}

/**
 * Which hops pass both gates, with the short gaps between them.
 * @param {Float64Array} power mean squares
 * @param {Level} constants
 * @returns {boolean[]}
 */
export function soundingHops(power, { gap, gates }) {
  const loudest = power.reduce((most, p) => Math.max(most, p), 0);
  if (!loudest) return Array.from(power, () => false);
  const passed = withoutGaps(Array.from(power, (p) => p > gates[0] * loudest), gap);
  const kept = power.filter((_, i) => passed[i]);
  const mean = kept.reduce((sum, p) => sum + p, 0) / kept.length;
  return withoutGaps(Array.from(power, (p) => p > gates[1] * mean), gap);
}

/**
 * What passed, and what is at most `gap` hops long between two that passed.
 * @param {boolean[]} passed
 * @param {number} gap
 */
function withoutGaps(passed, gap) {
  const out = [...passed];
  let last = -Infinity;
  passed.forEach((pass, i) => {
    if (!pass) return;
    if (i - last <= gap + 1) out.fill(true, last + 1, i);
    last = i;
  });
  return out;
}
