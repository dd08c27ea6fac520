/** The whole engine in node: takes of a small model against those of Python, and what goes wrong. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { MessageChannel } from "node:worker_threads";

import { close, engine, expected, serve, stereo } from "./helpers.mjs";

const { accompany, listen, load, notes } = await engine("engine");
const serving = await engine("serving");
const { loadModel } = await engine("model");
const { sentenceOf } = await engine("errors");
const { accompany: play } = await engine("accompanist");

const STATIC = process.env.BASSNB_STATIC;
const mix = stereo(expected.mix);
const style = stereo(expected.style);

/** Node imports nothing over http: the runtime comes from the disk. */
const program = (address) => import(`file://${STATIC}${new URL(address).pathname}`);

/** The model of a site, as a page loads it. */
async function opened(site, onProgress, base = "bassnb/") {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (data) => port1.onmessage?.({ data }));
  port2.on("message", (data) => port2.onmessage?.({ data }));
  const end = (port) => ({
    postMessage: (message) => port.postMessage(message),
    set onmessage(answer) {
      port.removeAllListeners("message").on("message", (data) => answer({ data }));
    },
    close: () => port.close(),
  });
  serving.serve(end(port2), `${site.address}bassnb/runtime/`, program);
  return load(`${site.address}${base}`, onProgress, { port: end(port1) });
}

let site;
let model;
const progress = [];
before(async () => {
  site = await serve();
  model = await opened(site, (bytes, total) => progress.push([bytes, total]));
});
after(() => {
  model.close();
  site.stop();
});

test("loading tells how far it is, and leaves the encoder of the style for later", () => {
  const { bytes } = model.about;
  const [loaded, total] = progress.at(-1);
  assert.ok(loaded === total && total > bytes["unet.onnx"] + bytes["encoder.onnx"]);
  assert.ok(!site.asked.some((name) => name.includes("bass_encoder")));
});

/** The first take of Python, of which all but a region is kept. */
function keeping(region) {
  const { latents, channels, level } = expected.takes[0];
  return { latents: Float32Array.from(latents), channels: stereo(channels), level, regions: [region] };
}

test("takes are those of Python, with and without style, chords and kept parts, for every sampler", async () => {
  for (const { settings, style: styled, region, gain_db, latents, channels } of expected.takes) {
    const options = { ...settings, ...(styled ? { style } : {}), ...(region ? { keep: keeping(region) } : {}) };
    const done = [];
    const take = await accompany(model, mix, 44100, options, (k, n, estimate) => {
      done.push(k);
      assert.equal(n, settings.steps);
      assert.equal(estimate.length, latents.length);
    });
    const what = JSON.stringify(settings);
    assert.deepEqual(done, Array.from({ length: settings.steps }, (_, k) => k + 1));
    // a tuning passes another resampler, whose first milliseconds differ
    close(take.latents, latents, settings.tuning ? 3e-2 : 2e-3, what);
    assert.equal(take.channels[0].length, channels[0].length);
    const inside = settings.tuning ? [200, -200] : [0];
    for (const c of [0, 1]) close(take.channels[c].slice(...inside), channels[c].slice(...inside), 1e-3, what);
    assert.ok(Math.abs(take.settings.gain_db - gain_db) < 0.01, what);
    assert.equal(take.settings.seed, settings.seed);
  }
});

/** A runtime whose graphics processor fails when a session begins, or in its second run. */
const failing = (when) => async (address) => {
  const { InferenceSession, Tensor, env } = await program(address.replace("webgpu", "wasm"));
  const create = async (data, { executionProviders: [backend] }) => {
    if (backend === "webgpu" && when === "begin") throw new Error("no device");
    const session = await InferenceSession.create(data, { executionProviders: ["wasm"] });
    let runs = 0;
    const run = (feeds) => {
      if (backend === "webgpu" && ++runs === 2) throw new Error("device lost");
      return session.run(feeds);
    };
    return { inputNames: session.inputNames, outputNames: session.outputNames, run };
  };
  return { Tensor, env, InferenceSession: { create } };
};

test("where the graphics processor fails, the thread plays the same take", async () => {
  const options = { steps: 3, sampler: "ddim" };
  const own = await accompany(model, mix, 44100, options);
  const wasm = new Uint8Array(await (await fetch(`${site.address}bassnb/runtime/ort-wasm-simd-threaded.wasm.gz`)).arrayBuffer());
  const plain = await serve((name) => (name.endsWith("asyncify.wasm.gz") ? wasm : undefined));
  for (const [when, first] of [["begin", "wasm"], ["later", "webgpu"]]) {
    const folder = `${plain.address}bassnb/runtime/`;
    const other = await loadModel(`${plain.address}bassnb/classroom`, folder, () => {}, failing(when), "webgpu");
    assert.equal(other.backend(), first);
    const take = await play(other, mix, 44100, options, async () => {});
    assert.equal(other.backend(), "wasm");
    close(take.channels[0], own.channels[0], 0);
  }
  plain.stop();
});

test("pieces are those of the whole", async () => {
  const runtime = `${site.address}bassnb/runtime/`;
  const whole = await loadModel(`${site.address}bassnb/classroom`, runtime, () => {}, program);
  const pieces = { ...whole, about: { ...whole.about, chunk: 4 } };
  const options = { steps: 2, sampler: "ddim" };
  const one = await play(whole, mix, 44100, options, async () => {});
  const other = await play(pieces, mix, 44100, options, async () => {});
  close(other.latents, one.latents, 1e-3);
  for (const c of [0, 1]) close(other.channels[c], one.channels[c], 1e-4);
});

test("a region is made again, the rest is kept to the bit", async () => {
  const options = { steps: 3, sampler: "dpm++" };
  const first = await accompany(model, mix, 44100, { ...options, seed: 1 });
  const keep = { latents: first.latents, regions: [[0.5, 0.75]] };
  const again = await accompany(model, mix, 44100, { ...options, seed: 2, keep });
  const steps = again.latents.length / model.about.bass.latent_channels;
  const changed = Array.from(again.latents, (x, i) => (x === first.latents[i] ? -1 : i % steps));
  assert.deepEqual([...new Set(changed)].sort((a, b) => a - b), [-1, 5, 6, 7]);
  for (const wrong of [[[-1, 1]], [[1, 1]], [[5, 6]], [[1, 2]], []]) {
    const region = { ...options, keep: { latents: first.latents, regions: wrong } };
    await assert.rejects(accompany(model, mix, 44100, region), /not part of the song.* mark|is marked.* mark/);
  }
  const shorter = { ...keep, channels: first.channels.map((x) => x.slice(1)) };
  await assert.rejects(accompany(model, mix, 44100, { ...options, keep: shorter }), /not as long as the song.* make/);
  const foreign = { ...options, keep: { latents: first.latents.slice(1), regions: [[0, 1]] } };
  await assert.rejects(accompany(model, mix, 44100, foreign), /belongs to another song/);
});

test("another sound is encoded in place of the mix, at the level of the mix", async () => {
  const options = { steps: 2, sampler: "ddim", seed: 3 };
  const quiet = mix.map((x) => x.map((y) => y / 10));
  const own = await accompany(model, quiet, 44100, options);
  const same = await accompany(model, quiet, 44100, { ...options, heard: mix });
  close(same.latents, own.latents, 2e-3);
  const other = await accompany(model, quiet, 44100, { ...options, heard: mix.map((x) => x.toReversed()) });
  assert.ok(other.latents.some((x, i) => Math.abs(x - own.latents[i]) > 0.1));
  assert.equal(other.settings.level, own.settings.level);
});

test("notes are read where the takes are made", async () => {
  assert.deepEqual(await notes(model, mix.map((x) => x.map(() => 0))), []);
});

test("an estimate can be heard, and one channel is enough", async () => {
  const take = await accompany(model, [mix[0]], 44100, { steps: 1, sampler: "ddim" });
  const found = await listen(model, take.latents, take.channels[0].length, take.settings.level);
  const gain = 10 ** (take.settings.gain_db / 20);
  for (const c of [0, 1]) close(found[c].map((x) => x * gain), take.channels[c], 1e-6);
});

test("several styles are one mean, and may have their own rates", async () => {
  const options = { steps: 1, sampler: "ddim", strength: 1 };
  const sound = { channels: style, sampleRate: 44100 };
  const once = await accompany(model, mix, 44100, { ...options, style });
  const twice = await accompany(model, mix, 48000, { ...options, style: [sound, sound] });
  assert.equal(twice.channels[0].length, Math.round((mix[0].length * 44100) / 48000));
  const mean = (take) => take.latents.reduce((sum, x) => sum + x) / take.latents.length;
  assert.ok(Math.abs(mean(once) - mean(twice)) < 0.2);
  const single = await accompany(model, mix, 44100, { ...options, style: sound });
  close(single.latents, once.latents, 1e-6);
});

test("a take can be stopped between two steps, and the next one plays", async () => {
  const controller = new AbortController();
  const steps = [];
  const stopped = accompany(model, mix, 44100, { steps: 50, signal: controller.signal }, (k) => {
    steps.push(k);
    if (k === 2) controller.abort();
  });
  await assert.rejects(stopped, /Stopped/);
  assert.ok(steps.length < 10, `${steps.length} steps`);
  await assert.rejects(accompany(model, mix, 44100, { signal: controller.signal }), /Stopped/);
  assert.ok((await accompany(model, mix, 44100, { steps: 1 })).latents.length);
});

test("a wrong input is one sentence", async () => {
  const silent = [new Float32Array(20000), new Float32Array(20000)];
  const broken = mix.map((x) => x.slice().fill(NaN, 5, 6));
  const refused = [
    [[silent, 44100, {}], /The song is silent.* give/],
    [[[], 44100, {}], /The song has no samples/],
    [[[mix[0], mix[0].slice(1)], 44100, {}], /channels of two lengths/],
    [[broken, 44100, {}], /no numbers.* export/],
    [[mix, 3, {}], /sample rate of 3 Hz.* give/],
    [[mix, 44100, { style: silent }], /The style is silent/],
    [[mix, 44100, { style: [] }], /list of styles is empty/],
    [[mix, 44100, { style: style.map((x) => x.slice(0, 100)) }], /shorter than 0.1 s/],
    [[mix, 44100, { heard: silent }], /in place of the song is silent/],
    [[mix, 44100, { phi: 2 }], /phi is 2.* give a number from 0 to 1/],
  ];
  for (const [[channels, rate, options], sentence] of refused) {
    await assert.rejects(accompany(model, channels, rate, options), sentence);
  }
});

test("a damaged or missing file is one sentence", async () => {
  const damaged = (wanted) => (name) => (name.endsWith(wanted) ? Buffer.from("{}") : undefined);
  const cases = [
    [damaged("unet.onnx"), /unet.onnx is damaged or of another version.* reload/],
    [damaged("model.json"), /There is no model at .* build/],
    [(name) => (name.endsWith("runtime.json") ? Buffer.from("no") : undefined), /without onnxruntime-web.* build/],
    [(name) => (name.endsWith(".gz") ? null : undefined), /There is no/],
  ];
  for (const [change, sentence] of cases.slice(0, 3)) {
    const other = await serve(change);
    await assert.rejects(opened(other), sentence);
    other.stop();
  }
  await assert.rejects(opened(site, undefined, "nowhere/"), /There is no model at/);
});

test("without WebAssembly, or before a model is there, it says so", async () => {
  const { WebAssembly: own } = globalThis;
  globalThis.WebAssembly = undefined;
  try {
    await assert.rejects(opened(site), /cannot run WebAssembly.* take/);
  } finally {
    globalThis.WebAssembly = own;
  }
  const answers = [];
  const port = { postMessage: (message) => answers.push(message), onmessage: null };
  serving.serve(port, site.address, program);
  port.onmessage({ data: { id: 1, method: "listen", args: [] } });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.match(answers[0].error, /no model yet.* load/);
});

test("a worker that fails answers every open question", async () => {
  const port = { postMessage() {}, close() {} };
  const loading = load(site.address, undefined, { port });
  port.onerror({ message: "gone" });
  await assert.rejects(loading, /could not go on \(gone\).* reload/);
});

test("an error that nobody expects ends the engine, and every open question", async () => {
  let answer;
  const port = { postMessage: ({ id }) => (answer = id), close() {} };
  const loading = load(site.address, undefined, { port });
  port.onmessage({ data: { id: answer, result: { about: {} } } });
  const other = await loading;
  assert.ok(other.alive());
  const questions = [1, 2].map(() => other.ask("listen", []));
  const said = Promise.all(questions.map((question) => assert.rejects(question, /too little memory/)));
  port.onmessage({ data: { id: answer, error: sentenceOf(new RangeError("memory")), fatal: true } });
  await said;
  assert.ok(!other.alive());
  await assert.rejects(other.ask("listen", []), /was closed.* load/);
});
