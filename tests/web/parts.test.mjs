/** The parts of the engine against numbers that torch made. */

import assert from "node:assert/strict";
import test from "node:test";

import { close, engine, expected, isSentence, stereo } from "./helpers.mjs";

const { normal } = await engine("random");
const { FFT } = await engine("fft");
const { stft, istft, mirrored } = await engine("spectral");
const { audible, measure } = await engine("level");
const { resample } = await engine("resample");
const sampling = await engine("sampling");
const guidance = await engine("guidance");
const { settingsOf } = await engine("settings");
const { wav } = await engine("wav");
const { spectrogram } = await engine("picture");
const { EngineError, sentenceOf } = await engine("errors");

test("the noise is torch's, for every length and seed", () => {
  for (const { seed, size, numbers } of expected.noises) {
    close(normal(BigInt(seed), size), numbers, 3e-6, `seed ${seed}, ${size} numbers`);
  }
});

test("the inverse of a Fourier transform is the signal", () => {
  const signal = Float64Array.from({ length: 64 }, (_, n) => Math.sin(n * n));
  const [re, im] = [signal.slice(), new Float64Array(64)];
  const fft = new FFT(64);
  fft.forward(re, im);
  assert.ok(Math.abs(re[0] - signal.reduce((a, b) => a + b)) < 1e-12);
  fft.inverse(re, im);
  close(re.map((x) => x / 64), signal, 1e-12);
});

test("spectra and the ways back have torch's lengths and numbers", () => {
  const { wave, real, imaginary, back, low, mirrored: sides } = expected.spectra;
  const spectrum = stft(stereo(wave), 256, 64, 33, 1024);
  close(spectrum.re, real, 1e-4);
  close(spectrum.im, imaginary, 1e-4);
  close(istft(spectrum, 256, 64, 2100, 1024).flatMap((x) => [...x]), back.flat(), 1e-6);
  close(istft(spectrum, 256, 64, 2101, 1024, 2).flatMap((x) => [...x]), low.flat(), 1e-6);
  const short = stereo(wave).map((x) => x.slice(0, 50));
  close(mirrored(short, 120, 70).flatMap((x) => [...x]), sides.flat(), 0);
});

test("what is audible, its level and where it sounds", () => {
  const { level: constants, samples_per_latent: step } = expected.about;
  const { wave, audible: heard, level, peak, sounding } = expected.levels;
  const filtered = audible(stereo(wave), constants, step);
  close(filtered.flatMap((x) => [...x.subarray(0, 5000)]), heard.flat(), 1e-6);
  const found = measure(filtered, constants, step);
  close([found.level, found.peak], [level, peak], 1e-6);
  assert.deepEqual(found.sounding, sounding);
  const silence = measure([new Float32Array(9000), new Float32Array(9000)], constants, step);
  assert.deepEqual([silence.level, silence.sounding], [0, [false, false, false]]);
});

test("samplers, guidance and grounding", async () => {
  const { z, mean, rescaled, weak, ...of } = expected.samplers;
  const noise = Float32Array.from(z);
  const sounding = [0, 1, 2, 3, 4, 5].map((l) => l !== 2);
  const style = [1, -1, 0.5, 0];
  const denoise = async (x, t) => x.map((y) => Math.tanh(y) * (1 - 0.5 * t) + 0.1);
  const correct = (c, beta) => sampling.ground(c, style, beta, 1.3, sounding);
  for (const name of ["ddim", "dpm++"]) {
    const seen = [];
    const watch = async (k, _, c) => void seen.push([k, c.length]);
    close(await sampling.SAMPLERS[name](denoise, noise, 5, correct, watch), of[name], 2e-6, name);
    assert.deepEqual(seen, [0, 1, 2, 3, 4].map((k) => [k, 24]));
  }
  const guided = noise.map((x) => x * 3 + 0.2);
  close(guidance.rescale(guided, noise, 0.7, sounding), rescaled, 2e-6);
  assert.equal(guidance.rescale(guided, noise, 0, sounding), guided);
  const constant = new Float32Array(24).fill(2);
  close(guidance.rescale(constant, noise, 1, sounding), constant, 0);
  close(sampling.meanOverTime(noise, sounding), mean, 1e-6);
  close(sampling.ground(noise, style, 0.8, 0.4, sounding), weak, 1e-6);
});

test("a long song goes through the network in windows", async () => {
  const network = async (z, t, mix, batch) => {
    const length = mix.length / batch / 3;
    return z.map((x, i) => {
      const sample = Math.floor(i / (2 * length));
      return x * t + (mix[sample * 3 * length + (i % length)] * (i % length)) / length;
    });
  };
  for (const { z, mix, v, length } of expected.windows) {
    const cut = sampling.windowed(network, { whole: 10, window: 8, overlap: 3 }, length);
    const found = await cut(Float32Array.from(z), 0.4, Float32Array.from(mix), 2);
    close(found, v, 1e-5, `${length} steps`);
  }
});

test("resampling agrees with SoX, away from the ends", () => {
  for (const { from, to, wave, found } of expected.resampled) {
    const own = resample(stereo(wave), from, to);
    assert.equal(own[0].length, found[0].length);
    for (const c of [0, 1]) {
      close(own[c].slice(500, -500), found[c].slice(500, -500), 3e-5, `${from} to ${to}`);
    }
  }
  const same = stereo([[1, 2], [3, 4]]);
  assert.equal(resample(same, 44100, 44100), same);
  assert.equal(resample(same, 44100, 44100, 5)[0].length, 5);
});

test("settings are the model's unless given, and bounded", () => {
  const { about } = expected;
  assert.deepEqual(settingsOf(about, {}).steps, about.defaults.steps[about.defaults.sampler]);
  assert.equal(settingsOf(about, { sampler: "dpm++" }).steps, 12);
  assert.equal(settingsOf(about, { tuning: 432 }).tuning, -31.77);
  assert.equal(settingsOf(about, { tuning: "off" }).tuning, 0);
  const wrong = [
    { guidance: -1 }, { phi: 1.1 }, { strength: "1" }, { steps: 0 }, { steps: 2.5 }, { steps: NaN },
    { sampler: "toString" }, { seed: -1 }, { seed: 1.5 }, { seed: "9".repeat(30) }, { tuning: 300 },
    { tuning: "high" }, { guidance_rule: "other" }, { guidance_interval: "0.9-0.3" },
    { guidance_interval: "0.3-1.2" }, { guidance_interval: "early" },
  ];
  for (const given of wrong) {
    assert.throws(
      () => settingsOf(about, given),
      (error) => error instanceof EngineError && isSentence(error.message, Object.keys(given)[0]),
      JSON.stringify(given),
    );
  }
});

test("bounds and choices are those of the package", () => {
  const { about, bounds, choices } = expected;
  const { seed, ...others } = bounds;
  for (const [name, [low, high]] of Object.entries(others)) {
    const beyond = name === "steps" ? 1 : 0.001;
    for (const value of [Number(low), Number(high)]) assert.equal(settingsOf(about, { [name]: value })[name], value);
    for (const value of [Number(low) - beyond, Number(high) + beyond]) {
      assert.throws(() => settingsOf(about, { [name]: value }), EngineError, `${name} ${value}`);
    }
  }
  assert.equal(settingsOf(about, { seed: seed[1] }).seed, seed[1]);
  assert.throws(() => settingsOf(about, { seed: String(BigInt(seed[1]) + 1n) }), EngineError);
  for (const [name, known] of Object.entries(choices)) {
    for (const value of known) assert.equal(settingsOf(about, { [name]: value })[name], value);
  }
});

test("every error is one sentence", () => {
  assert.equal(sentenceOf(new EngineError("One.")), "One.");
  assert.match(sentenceOf(new RangeError("Array buffer allocation failed")), /too little memory/);
  assert.match(sentenceOf(new Error("CompileError: WebAssembly.instantiate(): refused")), /run WebAssembly .* allow/);
  assert.match(sentenceOf("odd"), /does not know \(odd\).* reload/);
});

test("a WAV file holds the samples, and clips those that are too loud", () => {
  const file = wav([Float32Array.of(0, 0.5, 2), Float32Array.of(-1, -3, 0.25)], 44100);
  const view = new DataView(file.buffer);
  assert.equal(Buffer.from(file.subarray(0, 4)).toString(), "RIFF");
  assert.deepEqual([view.getUint32(4, true), view.getUint32(40, true)], [file.length - 8, 12]);
  assert.deepEqual([view.getUint16(22, true), view.getUint32(24, true)], [2, 44100]);
  const samples = [...new Int16Array(file.buffer.slice(44))];
  assert.deepEqual(samples, [0, -32767, 16384, -32767, 32767, 8192]);
});

test("a spectrogram shows a tone where it is, and when it sounds", () => {
  const tone = Float32Array.from({ length: 44100 }, (_, n) => (n < 22050 ? 0 : Math.sin((2 * Math.PI * 440 * n) / 44100)));
  const [width, height] = [40, 60];
  const picture = spectrogram([tone], width, height);
  const column = (x) => Array.from({ length: height }, (_, y) => picture[y * width + x]);
  assert.ok(Math.max(...column(5)) < 10);
  const row = column(30).indexOf(Math.max(...column(30)));
  const hertz = (2 * 255 ** (1 - (row + 0.5) / height) * 44100) / 4096;
  assert.ok(Math.abs(hertz - 440) < 40, `${hertz} Hz`);
  assert.ok(column(30)[row] > 200);
});
