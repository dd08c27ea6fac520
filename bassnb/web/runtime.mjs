/**
 * onnxruntime-web in the browser: on the graphics processor where there is one, else in one thread.
 *
 * A graphics processor that fails, now or in the middle of a take, is left for the thread.
 */

import { EngineError } from "./errors.mjs";
import { bytesOf, json, unpacked, versioned } from "./fetching.mjs";

/** @typedef {"webgpu" | "wasm"} Backend */
/** @typedef {(...inputs: any[]) => Promise<Float32Array[]>} Run arrays and their sizes in turn */
/** @typedef {{program: string, wasm: string, bytes: number}} Files */
/** @typedef {{version: string, backends: Record<Backend, Files>}} Facts the content of `runtime.json` */
/** @typedef {{backend: Backend, bytes: number, start: (count: (bytes: number) => void) => Promise<any>}} Runtime */

/**
 * What the site has of the runtime for this browser; nothing is fetched yet but `runtime.json`.
 * @param {string} folder address of the folder with `runtime.json`
 * @param {(address: string) => Promise<any>} program imports onnxruntime-web
 * @param {Backend} [wanted] by default what fits this machine
 * @returns {Promise<Runtime>}
 */
export async function findRuntime(folder, program, wanted) {
  if (typeof WebAssembly !== "object") {
    throw new EngineError("This browser cannot run WebAssembly; take a current one, or allow it for this page.");
  }
  /** @type {Facts | null} */
  const facts = await json(new URL("runtime.json", folder));
  if (!facts) {
    throw new EngineError("This site was built without onnxruntime-web; build the book again with a network.");
  }
  const backend = wanted ?? (await suitable());
  const files = facts.backends[backend];
  const start = async (/** @type {(bytes: number) => void} */ count) => {
    const wasm = await unpacked(await bytesOf(versioned(folder, files.wasm, facts.version), count));
    const ort = await program(versioned(folder, files.program, facts.version).href);
    ort.env.wasm.numThreads = 1; // static hosts do not isolate their pages, which threads would need
    ort.env.wasm.wasmBinary = wasm;
    ort.env.logLevel = "error";
    return ort;
  };
  return { backend, bytes: files.bytes, start };
}

/**
 * WebGPU where a graphics processor stands behind it, not where a program plays one.
 * @returns {Promise<Backend>}
 */
export async function suitable() {
  const gpu = /** @type {any} */ (globalThis.navigator)?.gpu;
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return adapter && !(adapter.info ?? adapter).isFallbackAdapter ? "webgpu" : "wasm";
}

/**
 * A graph as a function of arrays and their sizes.
 * @param {any} ort
 * @param {Uint8Array} data
 * @param {Backend} backend
 * @returns {Promise<Run>}
 */
export async function network(ort, data, backend) {
  const session = await ort.InferenceSession.create(data, { executionProviders: [backend] });
  return async (...inputs) => {
    const feeds = Object.fromEntries(
      session.inputNames.map((/** @type {string} */ name, /** @type {number} */ i) => [
        name,
        new ort.Tensor("float32", inputs[2 * i], inputs[2 * i + 1]),
      ]),
    );
    const found = await session.run(feeds);
    return session.outputNames.map((/** @type {string} */ name) => found[name].data);
  };
}
