/**
 * Regions of a take are played again and the rest is kept: `bassnb/control/regions.py` and `keep.py`.
 */

import { EngineError } from "./errors.mjs";

/** @typedef {import("./spectral.mjs").Stereo} Stereo */
/** @typedef {import("./model.mjs").About} About */
/**
 * A take that is kept outside of regions: its latents, the seconds that are made again, and from the take
 * its sound and its level, if the kept samples are to stay as they are.
 * @typedef {{latents: Float32Array, regions: [number, number][], channels?: Stereo, level?: number}} Keep
 */

const SLACK = 0.5; // seconds by which a region may be given too long

/**
 * Which latent steps are made again. A step in which a border lies belongs to what follows the border.
 * @param {About} about
 * @param {Keep} keep
 * @param {number} steps of the song
 * @param {number} rate samples at 440 Hz for each second of the song
 * @param {number} seconds length of the song
 * @returns {boolean[]}
 */
export function stepsAgain(about, { latents, regions }, steps, rate, seconds) {
  if (latents.length !== about.bass.latent_channels * steps) {
    throw new EngineError("The take that is kept belongs to another song or tuning; make a take of this one.");
  }
  const again = new Array(steps).fill(false);
  const stepOf = (/** @type {number} */ time) => Math.floor((time * rate) / about.samples_per_latent);
  for (const [from, to] of regions) {
    if (!(0 <= from && from < Math.min(to, seconds) && to <= seconds + SLACK)) {
      throw new EngineError(`A region from ${from} to ${to} s is not part of the song; mark one that is.`);
    }
    const first = Math.min(stepOf(from), steps - 1);
    again.fill(true, first, Math.max(to >= seconds ? steps : stepOf(to), first + 1));
  }
  if (!regions.length) throw new EngineError("No region of the kept take is marked; mark one.");
  return again;
}

/**
 * The kept latents in the place of the estimate, outside the regions.
 * @param {Float32Array} c
 * @param {Float32Array} kept
 * @param {boolean[]} again
 */
export function putBack(c, kept, again) {
  return c.map((x, i) => (again[i % again.length] ? x : kept[i]));
}

/**
 * Where guidance is measured: in the regions where the mix sounds, if it does.
 * @param {boolean[]} again
 * @param {boolean[]} sounding
 */
export function measured(again, sounding) {
  const both = again.map((x, l) => x && sounding[l]);
  return both.some(Boolean) ? both : again;
}

/**
 * The new sound in the regions and the kept samples elsewhere, with fades outside the regions as far as
 * the decoder reaches.
 * @param {Stereo} fresh
 * @param {Stereo} kept
 * @param {boolean[]} again
 * @param {number} reach latent steps that the decoder reaches to either side
 * @param {number} stepsPerSample
 * @returns {Stereo}
 */
export function crossfaded(fresh, kept, again, reach, stepsPerSample) {
  if (kept[0].length !== fresh[0].length) {
    throw new EngineError("The take that is kept is not as long as the song; make a take of this one.");
  }
  const runs = runsOf(again);
  const shares = Float32Array.from({ length: fresh[0].length }, (_, n) => {
    const at = n * stepsPerSample;
    const distance = runs.reduce((least, [first, stop]) => Math.min(least, Math.max(first - at, at - stop, 0)), Infinity);
    return Math.max(0, 1 - distance / reach);
  });
  return fresh.map((channel, c) => channel.map((x, n) => shares[n] * x + (1 - shares[n]) * kept[c][n]));
}

/**
 * First step of every region, and the first after it.
 * @param {boolean[]} again
 * @returns {[number, number][]}
 */
function runsOf(again) {
  /** @type {[number, number][]} */
  const runs = [];
  again.forEach((now, l) => {
    if (!now) return;
    if (again[l - 1]) runs[runs.length - 1][1] = l + 1;
    else runs.push([l, l + 1]);
  });
  return runs;
}
