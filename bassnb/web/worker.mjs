/** The worker in which the engine computes, so that the page never waits. */

import { serve } from "./serving.mjs";

serve(/** @type {any} */ (globalThis), new URL("runtime/", import.meta.url).href);
