/** The worker in which the engine computes, so that the page never waits. */

import { serve } from "./serving.mjs";

// held as long as the worker lives: so the page learns of its end, which browsers do not tell
/** @type {any} */ (globalThis).navigator.locks?.request(globalThis.name, () => new Promise(() => {}));
serve(/** @type {any} */ (globalThis), new URL("runtime/", import.meta.url).href);
