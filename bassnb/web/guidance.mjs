/**
 * From the estimates with the mix and without it to the one that is taken.
 *
 * `bassnb/denoiser.py`, `guidance.py` and `projected_guidance.py` over flat arrays (channels x steps).
 */

import { EngineError } from "./errors.mjs";
import { alphaBeta } from "./sampling.mjs";

/** @typedef {import("./sampling.mjs").Denoise} Denoise */
/** @typedef {import("./sampling.mjs").Network} Network */
/** @typedef {{conditional: Float32Array, free: Float32Array}} Branches estimates with the mix and without it */
/**
 * @typedef {object} Rule
 * @property {number} guidance
 * @property {number} phi
 * @property {string} [guidance_rule] "cfg", or "apg"
 * @property {string | null} [guidance_interval] times within which it acts, such as "0.3-0.9"
 */

const MOMENTUM = -0.5;
const RADIUS = 1;

/**
 * The network as a function (z, t) -> c, both branches of guidance in one batch; see
 * `bassnb.denoiser.guided_denoiser`. For one run of a sampler.
 * @param {Network} network
 * @param {Float32Array} mix latents
 * @param {Rule} rule
 * @param {boolean[]} sounding latent steps over which the rule and `rescale` measure
 * @param {(both: Branches | undefined) => void} [tell] called with both estimates, where there are two
 * @returns {Denoise}
 */
export function guidedDenoiser(network, mix, rule, sounding, tell = () => {}) {
  const { guidance, phi, guidance_rule } = rule;
  const silence = new Float32Array(mix.length);
  const alone = async (/** @type {Float32Array} */ z, /** @type {number} */ t) =>
    estimate(z, await network(z, t, guidance ? mix : silence, 1), t);
  if (guidance === 0 || guidance === 1) return alone;
  const [both, interval] = [joined(mix, silence), intervalOf(rule.guidance_interval)];
  const guide = guidance_rule === "apg" ? projected(guidance, sounding) : classifierFree(guidance);
  return async (z, t) => {
    if (interval && !within(t, interval)) {
      tell(undefined);
      return alone(z, t);
    }
    const v = await network(joined(z, z), t, both, 2);
    const conditional = estimate(z, v.subarray(0, z.length), t);
    const free = estimate(z, v.subarray(z.length), t);
    tell({ conditional, free });
    return rescale(guide(conditional, free), conditional, phi, sounding);
  };
}

/**
 * What v says of the clean latents: alpha z - beta v.
 * @param {Float32Array} z
 * @param {Float32Array} v
 * @param {number} t
 */
function estimate(z, v, t) {
  const [alpha, beta] = alphaBeta(Math.fround(t));
  return z.map((x, i) => alpha * x - beta * v[i]);
}

/**
 * Times are compared as the network reads them, in single precision.
 * @param {number} t
 * @param {[number, number]} interval
 */
function within(t, [low, high]) {
  return Math.fround(low) <= Math.fround(t) && Math.fround(t) <= Math.fround(high);
}

/**
 * The two times in a text such as "0.3-0.9"; see `bassnb.denoiser.interval_of`.
 * @param {unknown} text nothing for always
 * @returns {[number, number] | null}
 */
export function intervalOf(text) {
  if (text === undefined || text === null) return null;
  const found = /^\s*(\d*\.?\d+)\s*-\s*(\d*\.?\d+)\s*$/.exec(String(text));
  const [low, high] = found ? [Number(found[1]), Number(found[2])] : [1, 0];
  if (low < high && high <= 1) return [low, high];
  throw new EngineError(
    `guidance_interval is ${text}; give two times from 0 (clean) to 1 (noise), the smaller one first, such as 0.3-0.9.`,
  );
}

/**
 * free + w (conditional - free).
 * @param {number} guidance
 */
function classifierFree(guidance) {
  return (/** @type {Float32Array} */ conditional, /** @type {Float32Array} */ free) =>
    conditional.map((c, i) => free[i] + guidance * (c - free[i]));
}

/**
 * Adaptive projected guidance: only the part of the difference that is orthogonal to the conditional
 * estimate; see `bassnb.projected_guidance`. It remembers the differences of the steps before.
 * @param {number} guidance
 * @param {boolean[]} sounding
 */
export function projected(guidance, sounding) {
  /** @type {Float32Array | null} */
  let before = null;
  return (/** @type {Float32Array} */ conditional, /** @type {Float32Array} */ free) => {
    const last = before;
    const d = conditional.map((c, i) => c - free[i] + (last ? MOMENTUM * last[i] : 0));
    before = d;
    const rms = Math.sqrt(inner(d, d, sounding) / count(d, sounding));
    const scale = Math.min(RADIUS / rms, 1); // 1 also where there is no difference
    const norm = inner(conditional, conditional, sounding);
    const share = (scale * inner(d, conditional, sounding)) / (norm > 0 ? norm : 1);
    return conditional.map((c, i) => c + (guidance - 1) * (scale * d[i] - share * c));
  };
}

/**
 * Inner product over the steps that sound.
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @param {boolean[]} sounding
 */
function inner(a, b, sounding) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) if (sounding[i % sounding.length]) sum += a[i] * b[i];
  return sum;
}

/**
 * How many numbers lie in steps that sound.
 * @param {Float32Array} c
 * @param {boolean[]} sounding
 */
function count(c, sounding) {
  return (c.length / sounding.length) * sounding.filter(Boolean).length;
}

/**
 * @param {Float32Array} one
 * @param {Float32Array} other
 */
function joined(one, other) {
  const both = new Float32Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/**
 * The guided estimate with the spread of the conditional one; see `bassnb.guidance.rescale`.
 * @param {Float32Array} guided
 * @param {Float32Array} conditional
 * @param {number} phi
 * @param {boolean[]} sounding
 */
export function rescale(guided, conditional, phi, sounding) {
  if (phi === 0) return guided;
  const wide = spread(guided, sounding);
  const ratio = wide > 0 ? spread(conditional, sounding) / wide : 1;
  return guided.map((x) => phi * x * ratio + (1 - phi) * x);
}

/**
 * Standard deviation over channels and the steps that sound.
 * @param {Float32Array} c
 * @param {boolean[]} sounding
 */
function spread(c, sounding) {
  let sum = 0;
  for (let i = 0; i < c.length; i++) if (sounding[i % sounding.length]) sum += c[i];
  const [mean, squares] = [sum / count(c, sounding), inner(c, c, sounding) / count(c, sounding)];
  return Math.sqrt(Math.max(squares - mean ** 2, 0));
}
