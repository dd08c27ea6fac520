/**
 * Dials that move freely: the panel that `bassnb.widgets.live` writes, with the engine behind it.
 *
 * Nothing large is fetched before the first click. From then on, each dial that is moved makes a take.
 */

import { drawSound, drawTicks } from "./drawing.mjs";
import { accompany, listen, load } from "./engine.mjs";
import { RATE, channelsOf, together, withinFullScale } from "./sounds.mjs";
import { VIEWS } from "./views.mjs";
import { wav } from "./wav.mjs";

const BASE = new URL("./", import.meta.url);
const MISSING = "This site was built without onnxruntime-web; build the book again with a network.";

/** @typedef {(root: Element, audios: HTMLAudioElement[], total: number, near: () => number[]) => any} MakeDeck */

/** @type {Promise<import("./engine.mjs").Model> | undefined} one for all panels of a page */
let model;

/** What the first use costs, as the build has written it. */
const costs = fetch(new URL("live.json", BASE)).then((reply) => reply.json()).catch(() => ({ bytes: null }));

/**
 * Bring a panel to life.
 * @param {HTMLElement} root
 * @param {MakeDeck} makeDeck of the players (bassnb/widgets/deck.js)
 */
export async function live(root, makeDeck) {
  const { bytes, song, seconds } = await costs;
  const plain = root.querySelector(".bl-plain");
  if (!bytes) {
    plain.textContent = `${MISSING} The takes above play without it.`;
    return;
  }
  const panel = new Panel(root, makeDeck);
  const steps = Math.max(panel.settings().steps, 8);
  const wait = song ? (seconds / song) * (panel.about.seconds ?? 16) * (steps / 12) : 0;
  const time = wait ? `about ${Math.ceil(wait)} s` : "some seconds";
  panel.find("make").textContent = `Play live (fetches ${Math.ceil(bytes / 1e6)} MB once; a take then takes ${time})`;
  plain.hidden = true;
  root.querySelector(".bl-live").hidden = false;
}

/** One panel of a page. */
export class Panel {
  /**
   * @param {HTMLElement} root
   * @param {MakeDeck} makeDeck
   */
  constructor(root, makeDeck) {
    this.root = root;
    this.about = JSON.parse(root.dataset.live);
    this.audios = Array.from({ length: 4 }, () => root.appendChild(document.createElement("audio")));
    this.deck = makeDeck(root, this.audios, 1, () => []); // their sounds are in memory
    /** @type {{song: Float32Array[], take: import("./engine.mjs").Take}[]} the last one first */
    this.takes = [];
    this.seconds = 1;
    /** @type {Float32Array[][]} of this take and of the one before, as they are heard */
    this.basses = [];
    this.decoded = new Map(); // source -> channels
    this.view = new VIEWS[this.about.view](this);
    this.dials = [...root.querySelectorAll("[data-setting]")];
    for (const dial of this.dials) {
      dial.addEventListener("input", () => this.moved(dial));
      this.moved(dial); // a browser may have kept another value
      dial.addEventListener("change", () => this.engine && this.play());
    }
    for (const file of root.querySelectorAll("[data-file]")) file.addEventListener("change", () => this.chosen(file));
    this.find("make").addEventListener("click", () => this.play());
    this.find("stop").addEventListener("click", () => this.stopping.abort());
    this.find("pictures").addEventListener("click", this.deck.moveToClick);
    [this.kinds, this.which] = [...root.querySelectorAll(".bl-takes")].map((choice) => this.choice(choice));
  }

  /** @param {string} name */
  find(name) {
    return /** @type {any} */ (this.root.querySelector(`.bl-${name}`));
  }

  /** @param {string} sentence */
  tell(sentence) {
    this.find("status").textContent = sentence;
  }

  /** @param {string} text */
  caption(text) {
    this.root.querySelector("figcaption").textContent = text;
  }

  /** Buttons of which one is pressed; returns their state. */
  choice(/** @type {Element} */ group) {
    const buttons = [...group.querySelectorAll("button")];
    const state = { group, chosen: 0, set: (/** @type {number} */ _) => {} };
    state.set = (index) => {
      state.chosen = index;
      buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    };
    buttons.forEach((button, i) => button.addEventListener("click", () => {
      state.set(i);
      this.select();
    }));
    return state;
  }

  select() {
    this.deck.select(2 * this.which.chosen + this.kinds.chosen);
    drawSound(this.find("sound"), this.basses[this.which.chosen]);
    this.find("save").href = this.audios[2 * this.which.chosen + 1].src;
    this.find("save").hidden = false;
  }

  /** The settings at which the dials stand. */
  settings() {
    const dials = this.dials.map(({ dataset, type, value }) => [
      dataset.setting,
      type === "range" || type === "number" ? Number(value) : value,
    ]);
    return { song: this.about.song, ...this.about.settings, ...Object.fromEntries(dials) };
  }

  /** @param {HTMLInputElement} dial */
  moved(dial) {
    if (dial.type === "range") dial.nextElementSibling.textContent = dial.value;
    this.view.moved(this.settings());
  }

  /** A file was chosen: the list says so. */
  chosen(/** @type {HTMLInputElement} */ file) {
    if (!file.files.length) return;
    const list = this.dials.find((dial) => dial.dataset.setting === file.dataset.file);
    list.querySelector('[value="own"]').hidden = false;
    list.value = "own";
    if (this.engine) this.play();
  }

  /**
   * Channels of a chosen sound, decoded once.
   * @param {"song" | "style"} kind
   * @param {string} name
   */
  async sound(kind, name) {
    const [file] = this.root.querySelector(`[data-file="${kind}"]`)?.files ?? [];
    const source = name === "own" ? file : new URL(`${kind}s/${name}.flac`, BASE);
    const key = name === "own" ? file : source.href;
    if (!this.decoded.has(key)) this.decoded.set(key, await channelsOf(source, name === "own" ? file.name : name));
    const channels = this.decoded.get(key);
    const cut = kind === "song" && name !== "own" && this.about.seconds;
    return cut ? channels.map((x) => x.subarray(0, Math.round(cut * RATE))) : channels;
  }

  /**
   * A take with the settings of the dials; one that is under way ends.
   * @param {Record<string, any>} [keep] a take of which regions are played again
   */
  async play(keep) {
    this.stopping?.abort();
    const turn = (this.stopping = new AbortController());
    const mine = () => this.stopping === turn;
    this.busy(true);
    try {
      await this.take(turn.signal, mine, keep);
    } catch (error) {
      if (!mine()) return;
      this.tell(error.message);
      if (turn.signal.aborted) await this.view.stopped();
    } finally {
      if (mine()) this.busy(false);
    }
  }

  /** Those seconds of this take again, with the next seed. */
  playAgain(/** @type {[number, number]} */ region) {
    const seed = this.dials.find((dial) => dial.dataset.setting === "seed");
    seed.value = String(Number(seed.value) + 1);
    const { latents, channels, settings } = this.takes[this.which.chosen].take;
    return this.play({ latents, channels, level: settings.level, regions: [region] });
  }

  async take(signal, mine, keep) {
    const name = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
    const tell = (/** @type {string} */ sentence) => mine() && this.tell(sentence);
    if (this.engine && !this.engine.alive()) model = undefined;
    model ??= load(new URL("classroom/", BASE), (done, total) => this.tell(`Fetching the model: ${name(done)} of ${name(total)}`));
    this.engine = await model.catch((error) => {
      model = undefined;
      throw error;
    });
    const { song: title, style: timbre, ...settings } = this.settings();
    const song = await this.sound("song", title);
    const style = timbre ? { channels: await this.sound("style", timbre), sampleRate: RATE } : undefined;
    if (!mine()) return;
    this.view.begin(settings, song, signal);
    const start = performance.now();
    const options = { ...settings, style, keep, signal };
    const take = await accompany(this.engine, song, RATE, options, (k, total, estimate, both) => {
      tell(`Step ${k} of ${total}`);
      if (mine()) this.view.stepped(k, total, estimate, both);
    });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    await this.view.seen();
    if (!mine()) return;
    this.tell(`Played ${(song[0].length / RATE).toFixed(0)} s of music in ${seconds} s.`);
    this.show(song, take);
  }

  busy(/** @type {boolean} */ now) {
    this.find("stop").disabled = !now;
    this.root.toggleAttribute("data-busy", now);
    if (!now && this.takes.length) this.find("make").textContent = "Play live";
  }

  /**
   * A new take sounds at once, at the place where the one before was.
   * @param {Float32Array[]} song
   * @param {import("./engine.mjs").Take} take
   */
  show(song, take) {
    this.deck.stop();
    const before = this.takes[0]?.song[0].length === song[0].length ? this.takes.slice(0, 1) : [];
    this.takes = [{ song, take }, ...before];
    this.which.group.hidden = !before.length;
    this.which.set(0);
    this.seconds = song[0].length / RATE;
    this.find("take").hidden = false;
    drawTicks(this.find("ticks"), this.seconds);
    if (before.length) this.fill(1, before[0].song, before[0].take.channels);
    this.hear(song, take.channels, !before.length);
    this.view.shown(take.channels);
  }

  /**
   * A bass in the place of this take.
   * @param {Float32Array[]} song
   * @param {Float32Array[]} bass
   * @param {boolean} anew from the beginning
   */
  hear(song, bass, anew) {
    this.deck.stop();
    this.fill(0, song, bass);
    if (anew) this.deck.load([0, 1, 0, 1].map((i) => this.audios[i].src), song[0].length / RATE);
    this.select();
    this.deck.start();
  }

  /**
   * The sound of latents of this song.
   * @param {Float32Array} latents
   * @param {Float32Array[]} song
   * @param {number} level
   */
  async hearLatents(latents, song, level) {
    const bass = withinFullScale(await listen(this.engine, latents, song[0].length, level));
    this.seconds = song[0].length / RATE;
    drawTicks(this.find("ticks"), this.seconds);
    this.which.set(0);
    this.hear(song, bass, !this.takes.length);
  }

  /** Both sounds of a take, with the song and alone, into the players of this take (0) or of the one before (1). */
  fill(/** @type {number} */ place, song, bass) {
    this.basses[place] = bass;
    [together(song, bass), bass].forEach((channels, kind) => {
      const audio = this.audios[2 * place + kind];
      URL.revokeObjectURL(audio.src);
      delete audio.dataset.settled;
      audio.src = fileOf(channels);
    });
  }
}

/** @param {Float32Array[]} channels */
function fileOf(channels) {
  return URL.createObjectURL(new Blob([wav(channels, RATE)], { type: "audio/wav" }));
}
