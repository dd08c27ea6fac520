/** A model in the browser: its files are fetched, checked, and run by onnxruntime-web. */

import { EngineError } from "./errors.mjs";
import { bytesOf, json, versioned } from "./fetching.mjs";
import { findRuntime, network } from "./runtime.mjs";

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
/** @typedef {import("./runtime.mjs").Backend} Backend */
/** @typedef {import("./runtime.mjs").Run} Run */
/** @typedef {{about: About, backend: () => Backend, run: (network: string) => Run}} Model */
/** @typedef {(bytes: number, total: number) => void} OnProgress */

const NEEDED = ["encoder.onnx", "unet.onnx", "decoder.onnx"];

/**
 * Fetch a model and the runtime, once; the browser keeps both.
 * @param {string} base address of the folder with `model.json`, or of one with `classroom/` in it
 * @param {string} folder address of the folder with `runtime.json`
 * @param {OnProgress} onProgress
 * @param {(address: string) => Promise<any>} program imports onnxruntime-web
 * @param {Backend} [backend] by default what fits this machine
 * @returns {Promise<Model>}
 */
export async function loadModel(base, folder, onProgress, program, backend) {
  const runtime = await findRuntime(folder, program, backend);
  const [place, about] = await description(base);
  const total = NEEDED.reduce((sum, name) => sum + about.bytes[name], runtime.bytes);
  let loaded = 0;
  const count = (/** @type {number} */ bytes) => onProgress((loaded += bytes), total);
  const ort = await runtime.start(count);
  const fetched = (/** @type {string} */ name) => checked(place, about, name, loaded < total ? count : () => {});
  const networks = new Networks(ort, runtime.backend, fetched);
  for (const name of NEEDED) await networks.open(name);
  return { about, backend: () => networks.backend, run: (name) => (...inputs) => networks.run(name, inputs) };
}

/** The networks of a model, opened when they are first needed. */
class Networks {
  /**
   * @param {any} ort
   * @param {Backend} backend
   * @param {(name: string) => Promise<Uint8Array>} fetched
   */
  constructor(ort, backend, fetched) {
    this.ort = ort;
    this.backend = backend;
    this.fetched = fetched;
    /** @type {Map<string, Run>} */
    this.opened = new Map();
  }

  /** @param {string} name */
  async open(name) {
    const data = await this.fetched(name);
    await this.orInThread(async () => this.opened.set(name, await network(this.ort, data, this.backend)));
  }

  /**
   * @param {string} name
   * @param {any[]} inputs
   * @returns {Promise<Float32Array[]>}
   */
  async run(name, inputs) {
    return this.orInThread(async () => {
      if (!this.opened.has(name)) await this.open(name);
      return /** @type {Run} */ (this.opened.get(name))(...inputs);
    });
  }

  /**
   * Work that is done again in the thread of the processor if that of graphics fails.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async orInThread(work) {
    try {
      return await work();
    } catch (error) {
      if (this.backend === "wasm") throw error;
      this.backend = "wasm";
      this.opened.clear();
      return work();
    }
  }
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
