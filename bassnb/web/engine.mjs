/**
 * The door of the engine: play bass to a song in this browser. Nothing leaves the reader's machine.
 *
 *     import { load, accompany } from "./_static/bassnb/engine.mjs";
 *     const model = await load("./_static/bassnb/classroom/", (bytes, total) => { ... });
 *     const take = await accompany(model, [left, right], 44100, { seed: 1 }, (done, total) => { ... });
 *
 * Page and package play the same bass: waveforms agree to a thousandth of full scale.
 */

import { EngineError } from "./errors.mjs";

export { EngineError };

/** @typedef {import("./accompanist.mjs").Options & {signal?: AbortSignal}} Options */
/** @typedef {import("./accompanist.mjs").Take} Take */
/** @typedef {import("./sampling.mjs").Branches} Branches */
/** @typedef {import("./spectral.mjs").Stereo} Stereo */
/** @typedef {import("./runtime.mjs").Backend} Backend */
/**
 * A loaded model; `close` frees its memory, `alive` is false after that and after an error that ended it.
 * @typedef {{about: import("./model.mjs").About, backend: Backend, ask: Ask, close: () => void, alive: () => boolean}} Model
 */
/** @typedef {(method: string, args: any[], onNews?: (...news: any[]) => void, signal?: AbortSignal) => Promise<any>} Ask */

/**
 * Load a model and the runtime, about 20 MB the first time; the browser keeps them.
 * @param {string | URL} baseUrl folder of the model, relative to the page
 * @param {(bytes: number, total: number) => void} [onProgress]
 * @param {{port?: Worker | MessagePort, backend?: Backend}} [how] where the engine computes, by default in a
 *   worker of its own; on the graphics processor if there is one ("webgpu"), else in one thread ("wasm")
 * @returns {Promise<Model>}
 */
export async function load(baseUrl, onProgress, { port, backend } = {}) {
  const base = new URL(baseUrl, globalThis.document?.baseURI ?? import.meta.url).href;
  const name = `bassnb-${Math.random()}`;
  const { ask, close, alive } = client(port ?? worker(name), port ? null : name);
  try {
    return { ...(await ask("load", [base, backend], onProgress)), ask, close, alive };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * One take to a song.
 * @param {Model} model
 * @param {Stereo} channels left and right, or one channel
 * @param {number} sampleRate Hz
 * @param {Options} [options] guidance, phi, strength, sampler, steps, seed, tuning; `style`: sounds of a
 *   bass; chords, tempo, bars_per_chord, chord_level, first_beat, meter: chords to play to; `heard`: what
 *   is encoded in place of the mix; `keep`: a take of which only regions are made again; `signal`:
 *   stops between two steps
 * @param {(done: number, total: number, estimate: Float32Array, both?: Branches) => void} [onStep] with the
 *   estimate of a step, and those with and without the mix that guidance made it of
 * @returns {Promise<Take>} 44.1 kHz, as long as the song; standardised latents; settings
 */
export async function accompany(model, channels, sampleRate, options = {}, onStep) {
  const { signal, ...others } = options;
  return model.ask("accompany", [channels, sampleRate, others], onStep, signal);
}

/**
 * The sound of latents, such as an estimate that `onStep` gave.
 * @param {Model} model
 * @param {Float32Array} latents
 * @param {number} length samples
 * @param {number} level of the mix, from the settings of a take
 * @returns {Promise<Stereo>}
 */
export async function listen(model, latents, length, level) {
  return model.ask("listen", [latents, length, level]);
}

/**
 * The notes of a bass, such as those of a take, in order.
 * @param {Model} model
 * @param {Stereo} channels 44.1 kHz
 * @param {number} [cents] of the song above A = 440 Hz
 * @returns {Promise<import("./notes.mjs").Note[]>}
 */
export async function notes(model, channels, cents = 0) {
  return model.ask("notes", [channels, cents]);
}

/** @param {string} name of the worker, and of the lock that it holds */
function worker(name) {
  return new Worker(new URL("worker.mjs", import.meta.url), { type: "module", name });
}

/**
 * Questions to the other side of a port, each with its answer; when the other side ends, all are answered.
 * @param {Worker | MessagePort} port
 * @param {string | null} lock that the other side holds as long as it lives
 * @returns {{ask: Ask, close: () => void, alive: () => boolean}}
 */
function client(port, lock) {
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void, onNews?: (...news: any[]) => void}>} */
  const open = new Map();
  let questions = 0;
  let alive = true;
  let watched = lock === null;
  const end = (/** @type {number} */ id) => {
    const question = open.get(id);
    open.delete(id);
    return question;
  };
  const close = (sentence = "The engine was closed; load it again.") => {
    alive = false;
    if ("terminate" in port) port.terminate();
    else port.close();
    for (const id of [...open.keys()]) end(id)?.reject(new EngineError(sentence));
  };
  const watch = () => {
    watched = true;
    const ended = "The browser has ended the engine, perhaps for lack of memory; try again.";
    navigator.locks?.request(/** @type {string} */ (lock), () => close(ended));
  };
  port.onmessage = ({ data: { id, news, result, error, fatal } }) => {
    if (!watched) watch(); // now the other side holds its lock
    if (news) open.get(id)?.onNews?.(...news);
    else if (error) end(id)?.reject(new EngineError(error));
    else end(id)?.resolve(result);
    if (fatal) close(error);
  };
  /** @type {any} */ (port).onerror = (/** @type {ErrorEvent} */ event) => {
    event.preventDefault?.();
    close(`The engine could not go on (${event.message || "its program could not be loaded"}); reload the page.`);
  };
  /** @type {Ask} */
  const ask = (method, args, onNews, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) throw new EngineError("Stopped.");
      if (!alive) throw new EngineError("The engine was closed; load it again.");
      const id = ++questions;
      open.set(id, { resolve, reject, onNews });
      signal?.addEventListener("abort", () => port.postMessage({ id, stop: true }), { once: true });
      port.postMessage({ id, method, args });
    });
  return { ask, close: () => close(), alive: () => alive };
}
