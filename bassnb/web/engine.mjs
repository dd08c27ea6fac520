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
/** @typedef {import("./spectral.mjs").Stereo} Stereo */
/**
 * A loaded model; `close` frees its memory.
 * @typedef {{about: import("./model.mjs").About, backend: string, ask: Ask, close: () => void}} Model
 */
/** @typedef {(method: string, args: any[], onNews?: (...news: any[]) => void, signal?: AbortSignal) => Promise<any>} Ask */

/**
 * Load a model and the runtime, about 20 MB the first time; the browser keeps them.
 * @param {string | URL} baseUrl folder of the model, relative to the page
 * @param {(bytes: number, total: number) => void} [onProgress]
 * @param {Worker | MessagePort} [port] where the engine computes, by default a worker of its own
 * @returns {Promise<Model>}
 */
export async function load(baseUrl, onProgress, port = worker()) {
  const base = new URL(baseUrl, globalThis.document?.baseURI ?? import.meta.url).href;
  const ask = client(port);
  const close = () => ("terminate" in port ? port.terminate() : port.close());
  try {
    return { ...(await ask("load", [base], onProgress)), ask, close };
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
 *   bass; `heard`: what the model hears in place of the mix; `keep`: a take of which only regions are
 *   made again; `signal`: stops between two steps
 * @param {(done: number, total: number, estimate: Float32Array) => void} [onStep]
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

function worker() {
  return new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
}

/**
 * Questions to the other side of a port, each with its answer.
 * @param {Worker | MessagePort} port
 * @returns {Ask}
 */
function client(port) {
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void, onNews?: (...news: any[]) => void}>} */
  const open = new Map();
  let questions = 0;
  const end = (/** @type {number} */ id) => {
    const question = open.get(id);
    open.delete(id);
    return question;
  };
  port.onmessage = ({ data: { id, news, result, error } }) => {
    if (news) open.get(id)?.onNews?.(...news);
    else if (error) end(id)?.reject(new EngineError(error));
    else end(id)?.resolve(result);
  };
  /** @type {any} */ (port).onerror = (/** @type {ErrorEvent} */ event) => {
    event.preventDefault?.();
    const reason = event.message || "its program could not be loaded";
    for (const id of [...open.keys()]) {
      end(id)?.reject(new EngineError(`The engine could not go on (${reason}); reload the page.`));
    }
  };
  return (method, args, onNews, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) throw new EngineError("Stopped.");
      const id = ++questions;
      open.set(id, { resolve, reject, onNews });
      signal?.addEventListener("abort", () => port.postMessage({ id, stop: true }), { once: true });
      port.postMessage({ id, method, args });
    });
}
