/** The settings of a take: defaults of the model, bounds, and one sentence for what is out of them. */

import { EngineError } from "./errors.mjs";
import { intervalOf } from "./guidance.mjs";
import { SAMPLERS } from "./sampling.mjs";

/** @typedef {import("./model.mjs").About} About */
/**
 * @typedef {{guidance: number, phi: number, strength: number, sampler: string, steps: number,
 *   seed: number | string, tuning: number, guidance_rule: string,
 *   guidance_interval: string | null}} Settings
 */

const BOUNDS = { guidance: [0, 20], phi: [0, 1], strength: [0, 2], steps: [1, 1000] };
const MOST_SEED = 2n ** 62n;

/**
 * Settings that are given, the others as the model has them; names and bounds of `bassnb.settings`.
 * @param {About} about
 * @param {Record<string, any>} given
 * @returns {Settings}
 */
export function settingsOf(about, given) {
  /** @type {Record<string, any>} */
  const chosen = { ...about.defaults, seed: 0, tuning: 0 };
  for (const name of [
    "guidance", "phi", "strength", "sampler", "seed", "tuning", "guidance_rule", "guidance_interval",
  ]) {
    if (given[name] !== undefined && given[name] !== null) chosen[name] = given[name];
  }
  if (!Object.hasOwn(SAMPLERS, chosen.sampler)) {
    throw new EngineError(`There is no sampler ${chosen.sampler}; choose ddim or dpm++.`);
  }
  chosen.steps = given.steps ?? about.defaults.steps[chosen.sampler];
  for (const [name, [low, high]] of Object.entries(BOUNDS)) {
    const value = chosen[name];
    const fits = typeof value === "number" && low <= value && value <= high;
    if (!fits || (name === "steps" && !Number.isInteger(value))) {
      const kind = name === "steps" ? "whole number" : "number";
      throw new EngineError(`${name} is ${value}; give a ${kind} from ${low} to ${high}.`);
    }
  }
  const { guidance, phi, strength, sampler, steps } = chosen;
  const [seed, tuning] = [seedOf(chosen.seed), centsOf(chosen.tuning)];
  const guidance_rule = ruleOf(chosen.guidance_rule ?? "cfg");
  const guidance_interval = chosen.guidance_interval ?? null;
  intervalOf(guidance_interval);
  return { guidance, phi, strength, sampler, steps, seed, tuning, guidance_rule, guidance_interval };
}

/**
 * @param {unknown} name
 * @returns {string}
 */
function ruleOf(name) {
  if (name === "cfg" || name === "apg") return name;
  throw new EngineError(`There is no guidance_rule ${name}; choose cfg or apg.`);
}

/**
 * @param {unknown} seed a number, or digits where it may exceed 2^53
 * @returns {number | string}
 */
function seedOf(seed) {
  const text = String(seed);
  if (!/^\d+$/.test(text) || BigInt(text) > MOST_SEED) {
    throw new EngineError(`seed is ${text}; give a whole number of at least 0.`);
  }
  return typeof seed === "number" ? seed : text;
}

/**
 * Cents above A = 440 Hz.
 * @param {unknown} tuning "off", the frequency of A in Hz, or cents
 * @returns {number}
 */
function centsOf(tuning) {
  const value = tuning === "off" ? 0 : Number(tuning);
  if (400 <= value && value <= 480) return Math.round(120000 * Math.log2(value / 440)) / 100;
  if (-200 <= value && value <= 200) return Math.round(100 * value) / 100;
  throw new EngineError(
    `tuning is ${tuning}; give off, the frequency of A from 400 to 480 Hz, or cents from -200 to 200.`,
  );
}
