/** The page on which the model plays: controls around the engine. */

import { accompany, load, notes } from "./bassnb/engine.mjs";
import { RATE, channelsOf } from "./bassnb/sounds.mjs";
import { add, addNotes, busy, chosen, listen, region } from "./studio_takes.mjs";

const BASE = new URL("bassnb/", import.meta.url);
const at = (name) => document.getElementById(`studio-${name}`);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

let model = null;
let stopping = null;
let decoded = { source: null, channels: null }; // the song that was decoded last

async function songChannels() {
  const ours = at("song").value;
  const source = ours || at("file").files[0];
  if (decoded.source !== source) {
    const file = ours ? new URL(`songs/${ours}.flac`, BASE) : source;
    decoded = { source, channels: await channelsOf(file, nameOf("song", "file")) };
  }
  return decoded.channels;
}

async function styleOf() {
  const chosen = at("style").value;
  if (!chosen) return undefined;
  const source = chosen === "own" ? at("style-file").files[0] : new URL(`styles/${chosen}.flac`, BASE);
  return { channels: await channelsOf(source, nameOf("style", "style-file")), sampleRate: RATE };
}

/** What a reader has chosen: one of ours, or the name of a file. */
function nameOf(list, file) {
  const { value } = at(list);
  return value && value !== "own" ? value : at(file).files[0].name;
}

function settings() {
  const numbers = ["seed", "guidance", "phi", "strength", "steps"].map((name) => [name, at(name).valueAsNumber]);
  const [sampler, guidance_rule] = [at("sampler").value, at("guidance_rule").value];
  const guidance_interval = at("guidance_interval").value.trim() || undefined;
  return { ...Object.fromEntries(numbers), sampler, guidance_rule, guidance_interval };
}

/** The chords that are wanted, with the names of the package; nothing if there are none. */
function wish() {
  const chords = at("chords").value.trim();
  if (!chords) return {};
  const number = (name) => (at(name).value ? at(name).valueAsNumber : undefined);
  const [tempo, bars_per_chord, chord_level, first_beat] = ["tempo", "bars", "level", "first"].map(number);
  return { chords, tempo, bars_per_chord, chord_level, first_beat };
}

function settingsIn({ settings: { seed, sampler, steps, guidance, phi, guidance_rule, guidance_interval } }) {
  const rule = guidance_rule === "cfg" ? "" : ` (${guidance_rule})`;
  const times = guidance_interval ? ` at ${guidance_interval}` : "";
  return `seed ${seed}, ${sampler} ${steps}, guidance ${guidance}${rule}${times}, φ ${phi}`;
}

/** What the page is doing, which a screen reader says as well. */
function tell(sentence, share = 0) {
  at("status").textContent = sentence;
  far("", share);
}

/** How far it is. */
function far(words, share) {
  at("step").textContent = words;
  at("progress").value = share;
}

function generate(event) {
  event.preventDefault();
  return play(async () => {
    const [song, style] = [await songChannels(), await styleOf()];
    const styled = style ? `style ${nameOf("style", "style-file")}` : "free style";
    const wanted = wish();
    const chords = wanted.chords ? `, ${wanted.chords} at ${wanted.tempo}` : "";
    return { song, options: { ...settings(), ...wanted, style }, about: `${nameOf("song", "file")}, ${styled}${chords}` };
  });
}

/** One take of what `prepare` gives, once the model is there. */
async function play(prepare) {
  stopping = new AbortController();
  busy(true);
  unfinished(true);
  try {
    if (!model?.alive()) tell("Fetching the model");
    model = model?.alive() ? model : await load(new URL("classroom/", BASE), (bytes, total) =>
      far(`${megabytes(bytes)} of ${megabytes(total)}`, bytes / total),
    );
    tell("Reading the song");
    const { song, options, about, part = "" } = await prepare();
    tell("Playing");
    const start = performance.now();
    const take = await accompany(model, song, RATE, { ...options, signal: stopping.signal }, (done, total) => {
      const left = ((performance.now() - start) / 1000 / done) * (total - done);
      far(`Step ${done} of ${total}${left > 2 ? `, ${left.toFixed(0)} s left` : ""}`, done / total);
    });
    const seconds = (performance.now() - start) / 1000;
    const own = add({ song, options, take, about, tempo: options.tempo ?? null, title: `${about}${part}, ${settingsIn(take)}` });
    tell(`Played ${(song[0].length / RATE).toFixed(0)} s of music in ${seconds.toFixed(1)} s.`, 1);
    notes(model, take.channels, take.settings.tuning).then((found) => addNotes(own, found));
  } catch (error) {
    tell(error.message);
  } finally {
    busy(false);
    unfinished(false);
  }
}

/** Remember whether a take is being made, for a page that is closed meanwhile. */
function unfinished(now) {
  try {
    if (now) sessionStorage.setItem("bassnb-unfinished", "1");
    else sessionStorage.removeItem("bassnb-unfinished");
  } catch {
    // a browser may keep nothing; then the page cannot say it
  }
}

/** Whether the page was closed while a take was being made. */
function wasClosed() {
  try {
    return sessionStorage.getItem("bassnb-unfinished") !== null;
  } catch {
    return false;
  }
}

/** The part of the chosen take that is marked, once more. */
function again() {
  const { number, song, options, take, about } = chosen();
  const marked = region();
  return play(async () => {
    const keep = { latents: take.latents, channels: take.channels, level: take.settings.level, regions: [marked] };
    const part = `, ${marked.map((x) => x.toFixed(1)).join(" to ")} s of take ${number} anew`;
    return { song, options: { ...options, seed: take.settings.seed + 1, keep }, about, part };
  });
}

/** What the first click will cost, before it. */
async function cost() {
  const json = async (name) => {
    const reply = await fetch(new URL(name, BASE));
    if (!reply.ok) throw new Error("This site was built without its model or onnxruntime-web; build the book again with a network.");
    return reply.json();
  };
  const [about, runtime] = await Promise.all([json("classroom/model.json"), json("runtime/runtime.json")]);
  for (const name of ["guidance", "phi", "strength", "guidance_rule"]) at(name).value = about.defaults[name];
  at("guidance_interval").value = about.defaults.guidance_interval ?? "";
  const files = ["encoder.onnx", "unet.onnx", "decoder.onnx"].map((name) => about.bytes[name]);
  const bytes = files.reduce((sum, size) => sum + size, runtime.backends.wasm.bytes);
  const measured = await json("cost.json");
  const time = measured
    ? ` On our machine, if it does nothing else, 12 steps of dpm++ take ${measured.seconds.toFixed(1)} s for ${measured.song} s of music, and ` +
      `${measured.long_seconds.toFixed(0)} s and ${measured.memory_gb.toFixed(1)} GB of memory for four minutes.`
    : "";
  at("cost").textContent = `The first take fetches ${megabytes(bytes)}, which your browser keeps.${time}`;
}

/** Chords need a tempo: the browser says so before anything is fetched. */
function needTempo() {
  at("tempo").required = at("chords").value.trim() !== "";
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
listen();
at("again").addEventListener("click", again);
at("stop").addEventListener("click", () => stopping?.abort());
at("chords").addEventListener("input", needTempo);
at("sampler").addEventListener("change", () => (at("steps").value = at("sampler").value === "ddim" ? 64 : 12));
at("file").addEventListener("change", () => at("file").files.length && choose("song", ""));
at("style-file").addEventListener("change", () => at("style-file").files.length && choose("style", "own"));
at("drop").addEventListener("dragover", (event) => {
  event.preventDefault();
  at("drop").classList.add("st-over");
});
at("drop").addEventListener("dragleave", () => at("drop").classList.remove("st-over"));
at("drop").addEventListener("drop", dropped);
addEventListener("beforeunload", (event) => at("stop").disabled || event.preventDefault());
if (wasClosed()) tell("The page was closed while a take was being made; generate it again.");
unfinished(false);
cost().catch((error) => {
  tell(error.message);
  at("play").disabled = true;
});
