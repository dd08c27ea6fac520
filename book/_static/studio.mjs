/** The page on which the model plays: controls around the engine. */

import { accompany, load } from "./bassnb/engine.mjs";
import { spectrogram } from "./bassnb/picture.mjs";
import { wav } from "./bassnb/wav.mjs";

const BASE = new URL("bassnb/", import.meta.url);
const LONGEST = 600; // seconds
const at = (name) => document.getElementById(`studio-${name}`);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

let model = null;
let stopping = null;
let decoded = { source: null, channels: null }; // the song that was decoded last
let takes = 0;

/** Channels of a file at 44.1 kHz, mixed down to two, by the browser's own decoder. */
async function channelsOf(source, name) {
  const data = typeof source === "string" ? await (await fetch(new URL(source, BASE))).arrayBuffer() : await source.arrayBuffer();
  const buffer = await new OfflineAudioContext(2, 1, 44100).decodeAudioData(data).catch(() => {
    throw new Error(`${name} is no sound that this browser can read; give WAV, FLAC, MP3 or Ogg.`);
  });
  if (buffer.duration > LONGEST) throw new Error(`${name} is longer than ten minutes; give an excerpt.`);
  if (buffer.numberOfChannels <= 2) {
    return Array.from({ length: 2 }, (_, c) => buffer.getChannelData(Math.min(c, buffer.numberOfChannels - 1)));
  }
  const context = new OfflineAudioContext(2, buffer.length, 44100);
  const player = new AudioBufferSourceNode(context, { buffer });
  player.connect(context.destination);
  player.start();
  const two = await context.startRendering();
  return [two.getChannelData(0), two.getChannelData(1)];
}

async function songChannels() {
  const source = at("song").value ? `songs/${at("song").value}.flac` : at("file").files[0];
  if (decoded.source !== source) decoded = { source, channels: await channelsOf(source, nameOf("song", "file")) };
  return decoded.channels;
}

async function styleOf() {
  const chosen = at("style").value;
  if (!chosen) return undefined;
  const source = chosen === "own" ? at("style-file").files[0] : `styles/${chosen}.flac`;
  return { channels: await channelsOf(source, nameOf("style", "style-file")), sampleRate: 44100 };
}

/** What a reader has chosen: one of ours, or the name of a file. */
function nameOf(list, file) {
  const { value } = at(list);
  return value && value !== "own" ? value : at(file).files[0].name;
}

function settings() {
  const numbers = ["seed", "guidance", "phi", "strength", "steps"].map((name) => [name, at(name).valueAsNumber]);
  return { ...Object.fromEntries(numbers), sampler: at("sampler").value };
}

function tell(sentence, share = 0) {
  at("status").textContent = sentence;
  at("progress").value = share;
}

function generate(event) {
  event.preventDefault();
  return play(async () => {
    const [song, style] = [await songChannels(), await styleOf()];
    const styled = style ? `style ${nameOf("style", "style-file")}` : "free style";
    return { song, options: { ...settings(), style }, title: `${nameOf("song", "file")}, ${styled}` };
  });
}

/** One take of what `prepare` gives, once the model is there. */
async function play(prepare) {
  stopping = new AbortController();
  busy(true);
  try {
    model ??= await load(new URL("classroom/", BASE), (bytes, total) =>
      tell(`Fetching the model: ${megabytes(bytes)} of ${megabytes(total)}`, bytes / total),
    );
    tell("Reading the song");
    const { song, options, title } = await prepare();
    tell("Listening to the song");
    const start = performance.now();
    const take = await accompany(model, song, 44100, { ...options, signal: stopping.signal }, (done, total) =>
      tell(`Step ${done} of ${total}`, done / total),
    );
    const seconds = (performance.now() - start) / 1000;
    tell(`Played ${(song[0].length / 44100).toFixed(0)} s of music in ${seconds.toFixed(1)} s.`, 1);
    show({ song, options, title, take });
  } catch (error) {
    tell(error.message);
  } finally {
    busy(false);
  }
}

function busy(now) {
  for (const button of document.querySelectorAll("#studio-play, .st-again")) button.disabled = now;
  at("stop").disabled = !now;
}

/** Song and bass together, the bass louder by so many dB than it was played, turned down if they would clip. */
function mixed(song, take, balance) {
  const gain = 10 ** ((balance - take.settings.gain_db) / 20);
  const both = song.map((x, c) => x.map((y, n) => y + gain * take.channels[c][n]));
  const peak = both.reduce((most, x) => x.reduce((m, y) => Math.max(m, Math.abs(y)), most), 1);
  return both.map((x) => x.map((y) => y / peak));
}

/** A take: a player of song and bass, of either alone, the balance between them, and the file. */
function show({ song, options, title, take }) {
  const article = at("take").content.cloneNode(true).querySelector("article");
  const find = (name) => article.querySelector(`.st-${name}`);
  const { seed, sampler, steps, guidance, phi } = take.settings;
  const number = ++takes;
  find("title").textContent = `Take ${number}: ${title}, seed ${seed}, ${sampler} ${steps}, guidance ${guidance}, φ ${phi}`;
  const audio = find("audio");
  const file = (channels) => URL.createObjectURL(new Blob([wav(channels, 44100)], { type: "audio/wav" }));
  const sounds = { both: () => mixed(song, take, find("balance").valueAsNumber), bass: () => take.channels, song: () => song };
  const listen = () => {
    const [time, playing] = [audio.currentTime, !audio.paused];
    const sound = sounds[article.querySelector("input:checked").value]();
    URL.revokeObjectURL(audio.src);
    audio.src = file(sound);
    audio.currentTime = time;
    if (playing) audio.play();
    draw(find("canvas"), sound);
  };
  const seconds = song[0].length / 44100;
  for (const choice of article.querySelectorAll("input[type=radio]")) {
    choice.name = `studio-take-${number}`;
    choice.addEventListener("change", listen);
  }
  find("balance").addEventListener("change", listen);
  follow(audio, find("picture"), find("cursor"), seconds);
  find("download").href = file(take.channels);
  find("download").download = `bass-${number}.wav`;
  find("to").value = Math.min(4, seconds).toFixed(1);
  find("again").addEventListener("click", () =>
    play(async () => {
      const region = [find("from").valueAsNumber, find("to").valueAsNumber];
      const keep = { latents: take.latents, regions: [region] };
      const part = `part ${region.join(" to ")} s of take ${number} anew`;
      return { song, options: { ...options, seed: seed + 1, keep }, title: `${title.split("; ")[0]}; ${part}` };
    }),
  );
  listen();
  at("takes").prepend(article);
}

/** A line over a picture that shows where a sound is; a click on the picture goes there. */
function follow(audio, picture, cursor, seconds) {
  const place = () => {
    cursor.style.left = `${(100 * audio.currentTime) / seconds}%`;
    if (!audio.paused) requestAnimationFrame(place);
  };
  for (const event of ["play", "seeked"]) audio.addEventListener(event, place);
  picture.addEventListener("click", (event) => {
    const { left, width } = picture.getBoundingClientRect();
    audio.currentTime = (seconds * (event.clientX - left)) / width;
  });
}

function draw(canvas, channels) {
  const { width, height } = canvas;
  const grey = spectrogram(channels, width, height);
  const pixels = new ImageData(width, height);
  grey.forEach((value, i) => pixels.data.set([value, value * 0.8, 255 - Math.abs(2 * value - 160), 255], 4 * i));
  for (let i = 0; i < grey.length; i++) if (grey[i] < 8) pixels.data.set([0, 0, 0], 4 * i);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** What the first click will cost, before it. */
async function cost() {
  const json = async (name) => {
    const reply = await fetch(new URL(name, BASE));
    if (!reply.ok) throw new Error("This site was built without its model or onnxruntime-web; build the book again with a network.");
    return reply.json();
  };
  const [about, runtime] = await Promise.all([json("classroom/model.json"), json("runtime/runtime.json")]);
  for (const name of ["guidance", "phi", "strength"]) at(name).value = about.defaults[name];
  const files = ["encoder.onnx", "unet.onnx", "decoder.onnx"].map((name) => about.bytes[name]);
  const bytes = files.reduce((sum, size) => sum + size, runtime.bytes);
  const measured = await json("cost.json");
  const time = measured ? ` On our machine, ${measured.song} s of music took ${measured.seconds.toFixed(1)} s in 12 steps of dpm++.` : "";
  at("cost").textContent = `The first take fetches ${megabytes(bytes)}, which your browser keeps.${time}`;
}

/** A file that was chosen or dropped is what the list says. */
function choose(list, value) {
  at(list).querySelector(`option[value="${value}"]`).hidden = false;
  at(list).value = value;
}

function dropped(event) {
  event.preventDefault();
  at("drop").classList.remove("st-over");
  const { files } = event.dataTransfer;
  if (!files.length) return;
  at("file").files = files;
  decoded.source = null;
  choose("song", "");
}

document.getElementById("studio").hidden = false;
document.getElementById("studio-missing").hidden = true;
at("form").addEventListener("submit", generate);
at("stop").addEventListener("click", () => stopping?.abort());
at("sampler").addEventListener("change", () => (at("steps").value = at("sampler").value === "ddim" ? 64 : 12));
at("file").addEventListener("change", () => at("file").files.length && choose("song", ""));
at("style-file").addEventListener("change", () => at("style-file").files.length && choose("style", "own"));
at("drop").addEventListener("dragover", (event) => {
  event.preventDefault();
  at("drop").classList.add("st-over");
});
at("drop").addEventListener("dragleave", () => at("drop").classList.remove("st-over"));
at("drop").addEventListener("drop", dropped);
cost().catch((error) => {
  tell(error.message);
  at("play").disabled = true;
});
