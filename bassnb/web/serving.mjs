/** The side of the engine that computes: it answers the messages of `engine.mjs`, one at a time. */

import { accompany, sounding } from "./accompanist.mjs";
import { EngineError, sentenceOf } from "./errors.mjs";
import { loadModel } from "./model.mjs";

/** @typedef {{postMessage: (message: any, transfer?: any) => void, onmessage: any}} Port */

/**
 * Answer what comes through a port: a worker's own, or one of a `MessageChannel`.
 * @param {Port} port
 * @param {string} runtime address of the folder with onnxruntime-web
 * @param {(address: string) => Promise<any>} [program] imports it
 */
export function serve(port, runtime, program = (address) => import(address)) {
  /** @type {import("./model.mjs").Model | undefined} */
  let model;
  /** @type {Set<number>} */
  const stopped = new Set();
  let busy = Promise.resolve();

  /** @type {Record<string, (tell: (...news: any[]) => Promise<void>, ...args: any[]) => Promise<any>>} */
  const methods = {
    async load(tell, base) {
      model = await loadModel(base, runtime, tell, program);
      return { about: model.about, backend: model.backend };
    },
    async accompany(tell, channels, sampleRate, options) {
      return accompany(loaded(model), channels, sampleRate, options, tell);
    },
    async listen(_, latents, length, level) {
      return sounding(loaded(model), latents, length, level);
    },
  };

  const answer = async (/** @type {{id: number, method: string, args: any[]}} */ { id, method, args }) => {
    const tell = async (/** @type {any[]} */ ...news) => {
      port.postMessage({ id, news });
      await new Promise((resolve) => setTimeout(resolve)); // a request to stop may be waiting
      if (stopped.delete(id)) throw new EngineError("Stopped.");
    };
    try {
      port.postMessage({ id, result: await methods[method](tell, ...args) });
    } catch (error) {
      port.postMessage({ id, error: sentenceOf(error) });
    }
  };

  port.onmessage = (/** @type {MessageEvent} */ { data }) => {
    if (data.stop) stopped.add(data.id);
    else busy = busy.then(() => answer(data));
  };
}

/** @param {import("./model.mjs").Model | undefined} model */
function loaded(model) {
  if (!model) throw new EngineError("There is no model yet; load one first.");
  return model;
}
