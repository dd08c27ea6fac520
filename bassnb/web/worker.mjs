/** The worker in which the engine computes, so that the page never waits. */

import { serve } from "./serving.mjs";

const { locks } = navigator;
/** Held as long as the worker lives, before it answers: so the page learns of its end, which no event tells. */
const held = new Promise((/** @type {(nothing: void) => void} */ resolve) => {
  if (!locks) return resolve();
  locks.request(globalThis.name, () => {
    resolve();
    return new Promise(() => {});
  });
});
serve(/** @type {any} */ (globalThis), new URL("runtime/", import.meta.url).href, undefined, held);
