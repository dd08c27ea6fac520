/** A model in the browser: its files are fetched, checked, and run by onnxruntime-web. */

import { EngineError } from "./errors.mjs";

/**
 * Sizes and statistics of an autoencoder.
 * @typedef {{latent_channels: number, window: number, hop: number, bins: number, stride: number,
 *   decimation: number, projections: number, log_eps: number, level_scale: number,
 *   encoder_reach: number, decoder_reach: number, mean: number[], std: number[]}} Geometry
 */
/**
 * Constants of the measure of level.
 * @typedef {{target: number, silence: number, hop: number, gap: number, piece: number,
 *   gates: number[], high_pass: number[][], steady_state: number[][]}} Level
 */
/**
 * The content of `model.json`, which `bassnb export` writes.
 * @typedef {{command: string, version: string, model: string, sample_rate: number,
 *   samples_per_latent: number, reference_window: number, chunk: number, mix: Geometry,
 *   bass: Geometry, windows: {whole: number, window: number, overlap: number},
 *   defaults: Record<string, any>, level: Level, bytes: Record<string, number>,
 *   bassnb_files: Record<string, string>}} About
 */
/** @typedef {(...inputs: any[]) => Promise<Float32Array[]>} Run arrays and their sizes in turn */
/** @typedef {{about: About, backend: string, run: (network: string) => Run}} Model */
/** @typedef {(bytes: number, total: number) => void} OnProgress */

const NEEDED = ["encoder.onnx", "unet.onnx", "decoder.onnx"];

/**
 * Fetch a model and the runtime, once; the browser keeps both.
 * @param {string} base address of the folder with `model.json`, or of one with `classroom/` in it
 * @param {string} runtime address of the folder with `runtime.json`
 * @param {OnProgress} onProgress
 * @param {(address: string) => Promise<any>} program imports onnxruntime-web
 * @returns {Promise<Model>}
 */
export async function loadModel(base, runtime, onProgress, program) {
  if (typeof WebAssembly !== "object") {
    throw new EngineError("This browser cannot run WebAssembly; take a current one, or allow it for this page.");
  }
  const [folder, about] = await description(base);
  const engine = await json(new URL("runtime.json", runtime));
  if (!engine) {
    throw new EngineError("This site was built without onnxruntime-web; build the book again with a network.");
  }
  const sizes = [engine.bytes, ...NEEDED.map((name) => about.bytes[name])];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let loaded = 0;
  const count = (/** @type {number} */ bytes) => onProgress((loaded += bytes), total);
  const wasm = await unpacked(await bytesOf(versioned(runtime, engine.wasm, engine.version), count));
  const ort = await program(versioned(runtime, engine.program, engine.version).href);
  ort.env.wasm.numThreads = 1; // static hosts do not isolate their pages, which threads would need
  ort.env.wasm.wasmBinary = wasm;
  ort.env.logLevel = "error";
  /** @type {Map<string, Run>} */
  const networks = new Map();
  const open = async (/** @type {string} */ name, count = (/** @type {number} */ _) => {}) => {
    networks.set(name, await network(ort, await checked(folder, about, name, count)));
  };
  for (const name of NEEDED) await open(name, count);
  const run = (/** @type {string} */ name) => async (/** @type {any[]} */ ...inputs) => {
    if (!networks.has(name)) await open(name);
    return /** @type {Run} */ (networks.get(name))(...inputs);
  };
  return { about, backend: "wasm", run };
}

/**
 * The folder of a model, and what its `model.json` says.
 * @param {string} base
 * @returns {Promise<[URL, About]>}
 */
async function description(base) {
  const slash = base.endsWith("/") ? base : `${base}/`;
  for (const folder of [new URL(slash), new URL("classroom/", slash)]) {
    const about = await json(new URL("model.json", folder));
    if (about?.command === "bassnb export") return [folder, about];
  }
  throw new EngineError(`There is no model at ${base}; build the book again, or write one with bassnb export.`);
}

/**
 * An object in a JSON file, or null if there is none.
 * @param {URL} address
 */
async function json(address) {
  try {
    const reply = await fetch(address);
    return reply.ok ? await reply.json() : null;
  } catch {
    return null;
  }
}

/**
 * The address of one version of a file: a browser that kept another one asks again.
 * @param {string | URL} folder
 * @param {string} name
 * @param {string} version
 */
function versioned(folder, name, version) {
  return new URL(`${name}?${version}`, folder);
}

/**
 * A file of the model, with the checksum that `model.json` has for it.
 * @param {URL} folder
 * @param {About} about
 * @param {string} name
 * @param {(bytes: number) => void} count
 */
async function checked(folder, about, name, count) {
  const sum = about.bassnb_files[name];
  const data = await bytesOf(versioned(folder, name, sum.slice(0, 16)), count);
  // pages of plain http have no checksums, except on the own machine; the length is compared there
  const found = globalThis.crypto?.subtle ? hex(await crypto.subtle.digest("SHA-256", data)) : sum;
  if (found !== sum || data.length !== about.bytes[name]) {
    throw new EngineError(`${name} is damaged or of another version; reload the page without its cache.`);
  }
  return data;
}

/** @param {ArrayBuffer} digest */
function hex(digest) {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A file, from the browser's cache if it is there.
 * @param {URL} address
 * @param {(bytes: number) => void} count called with the bytes of each piece
 */
async function bytesOf(address, count) {
  const name = address.pathname.split("/").at(-1);
  const reply = await fetch(address, { cache: "force-cache" }).catch(() => null);
  if (!reply?.ok || !reply.body) {
    throw new EngineError(`${name} cannot be fetched; check the connection and try again.`);
  }
  const pieces = [];
  const reader = reply.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    pieces.push(next.value);
    count(next.value.length);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/**
 * The content of a gzip file; some servers have unpacked it already.
 * @param {Uint8Array<ArrayBuffer>} data
 * @returns {Promise<ArrayBuffer>}
 */
async function unpacked(data) {
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data.buffer;
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/**
 * A graph as a function of arrays and their sizes.
 * @param {any} ort
 * @param {Uint8Array} data
 * @returns {Promise<Run>}
 */
async function network(ort, data) {
  const session = await ort.InferenceSession.create(data, { executionProviders: ["wasm"] });
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
