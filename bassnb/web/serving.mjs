/** The side of the engine that computes: it answers the messages of `engine.mjs`, one at a time. */

import { accompany, sounding } from "./accompanist.mjs";
import { EngineError, sentenceOf } from "./errors.mjs";
import { loadModel } from "./model.mjs";
import { notesOf } from "./notes.mjs";

/** @typedef {{postMessage: (message: any, transfer?: any) => void, onmessage: any}} Port */

/**
 * Answer what comes through a port: a worker's own, or one of a `MessageChannel`.
 * @param {Port} port
 * @param {string} runtime address of the folder with onnxruntime-web
 * @param {(address: string) => Promise<any>} [program] imports it
 * @param {Promise<void>} [ready] before which nothing is answered
 */
export function serve(port, runtime, program = (address) => import(address), ready = Promise.resolve()) {
  /** @type {import("./model.mjs").Model | undefined} */
  let model;
  /** @type {Set<number>} */
  const stopped = new Set();
  let busy = ready;

  /** @type {Record<string, (tell: (...news: any[]) => Promise<void>, ...args: any[]) => Promise<any>>} */
  const methods = {
    async load(tell, base, backend) {
      model = await loadModel(base, runtime, tell, program, backend);
      return { about: model.about, backend: model.backend() };
    },
    async accompany(tell, channels, sampleRate, options) {
      return accompany(loaded(model), channels, sampleRate, options, tell);
    },
    async listen(_, latents, length, level) {
      return sounding(loaded(model), latents, length, level);
    },
    async notes(_, channels, cents) {
      return notesOf(channels, cents);
    },
  };

  const answer = async (/** @type {{id: number, method: string, args: any[]}} */ { id, method, args }) => {
    const tell = async (/** @type {any[]} */ ...news) => {
      port.postMessage({ id, news });
      await new Promise((resolve) => setTimeout(resolve)); // a request to stop may be waiting
      if (stopped.delete(id)) throw new EngineError("Stopped.");
    };
    try {
      const result = await methods[method](tell, ...args);
      port.postMessage({ id, result }, buffersOf(result));
    } catch (error) {
      port.postMessage({ id, error: sentenceOf(error), fatal: !(error instanceof EngineError) });
    }
  };

  port.onmessage = (/** @type {MessageEvent} */ { data }) => {
    if (data.stop) stopped.add(data.id);
    else busy = busy.then(() => answer(data));
  };
}

/**
 * The memory of an answer's samples and latents, which is handed over, not copied.
 * @param {any} result
 * @returns {ArrayBufferLike[]}
 */
function buffersOf(result) {
  const arrays = [result, result?.latents, result?.channels].flat().filter(ArrayBuffer.isView);
  return [...new Set(arrays.map(({ buffer }) => buffer))];
}

/** @param {import("./model.mjs").Model | undefined} model */
function loaded(model) {
  if (!model) throw new EngineError("There is no model yet; load one first.");
  return model;
}
