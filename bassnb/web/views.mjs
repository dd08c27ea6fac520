/** What a live panel shows of a take beside its sound: the steps of the sampler, or a part to play again. */

import { drawLatents, drawLine } from "./drawing.mjs";
import { EngineError } from "./errors.mjs";
import { spread, spreads, triangleOf } from "./geometry.mjs";
import { audible, measure } from "./level.mjs";
import { normal } from "./random.mjs";
import { SAMPLERS } from "./sampling.mjs";

const PACE = 90; // ms for which a step is seen

/** @typedef {import("./live.mjs").Panel} Panel */
/** @typedef {import("./sampling.mjs").Branches} Branches */

/** Nothing but the sound. */
class View {
  /** @param {Panel} panel */
  constructor(panel) {
    this.panel = panel;
    this.slider = /** @type {HTMLInputElement} */ (panel.find("step"));
  }

  /** The slider stands at step k of so many. */
  at(/** @type {number} */ k, /** @type {number} */ most) {
    this.slider.max = String(most);
    this.slider.value = String(k);
    this.slider.disabled = false;
    /** @type {HTMLElement} */ (this.slider.nextElementSibling).textContent = String(k);
  }

  /**
   * A take begins.
   * @param {Record<string, any>} settings
   * @param {Float32Array[]} song
   * @param {AbortSignal} signal
   */
  begin(settings, song, signal) {}

  /**
   * A step was made.
   * @param {number} k from 1
   * @param {number} total
   * @param {Float32Array} estimate
   * @param {Branches} [both]
   */
  stepped(k, total, estimate, both) {}

  /** All steps have been seen. */
  async seen() {}

  /** A take is there; `channels` of the bass. */
  shown(/** @type {Float32Array[]} */ channels) {}

  /** A dial is being moved. */
  moved(/** @type {Record<string, any>} */ settings) {}

  /** The reader has stopped the sampler. */
  async stopped() {}
}

/** The latents as they come out of the noise; each step can be looked at and listened to. */
class Latents extends View {
  /** @param {Panel} panel */
  constructor(panel) {
    super(panel);
    this.slider.addEventListener("input", () => this.draw(this.slider.valueAsNumber));
    this.slider.addEventListener("change", () => this.hear());
  }

  begin(settings, song, signal) {
    const { bass, samples_per_latent: step } = this.panel.engine.about;
    this.channels = bass.latent_channels;
    this.song = song;
    /** @type {{z: Float32Array, c: Float32Array}[]} */
    this.steps = [];
    this.estimates = Array.from({ length: settings.steps }, promised);
    const noise = normal(BigInt(settings.seed), this.channels * Math.ceil(song[0].length / step));
    // The sampler once more, with the estimates that the engine reports: so the page has z, too.
    const denoise = () => this.estimates[this.steps.length].promise;
    this.replay = SAMPLERS[settings.sampler](denoise, noise, settings.steps, (c) => c, async (k, z, c) => {
      if (signal.aborted) throw new EngineError("Stopped.");
      this.steps.push({ z, c });
      this.draw(k + 1);
      this.panel.tell(`Step ${k + 1} of ${settings.steps}`);
      await new Promise((resolve) => setTimeout(resolve, PACE));
    });
    this.replay.catch(() => {}); // `seen` reports it
  }

  stepped(k, _, estimate) {
    this.estimates[k - 1].resolve(estimate);
  }

  async seen() {
    await this.replay;
  }

  draw(k) {
    const { z, c } = this.steps[k - 1];
    this.at(k, this.steps.length);
    this.panel.find("take").hidden = false;
    drawLatents(/** @type {any} */ (this.panel.find("noisy")), z, this.channels);
    drawLatents(/** @type {any} */ (this.panel.find("estimate")), c, this.channels);
    this.panel.caption(`step ${k}: standard deviation of z ${spread(z).toFixed(2)}, of ĉ ${spread(c).toFixed(2)}`);
  }

  /** The estimate at which the slider stands, as sound. */
  async hear() {
    const { about } = this.panel.engine;
    const filtered = audible(this.song, about.level, about.samples_per_latent);
    const { level } = measure(filtered, about.level, about.samples_per_latent);
    await this.panel.hearLatents(this.steps[this.slider.valueAsNumber - 1].c, this.song, level);
  }

  async stopped() {
    if (this.steps?.length) await this.hear();
  }
}

/** Both estimates of each step, on the line of guidance. */
class Line extends View {
  /** @param {Panel} panel */
  constructor(panel) {
    super(panel);
    /** @type {import("./geometry.mjs").Triangle[]} */
    this.triangles = [];
    this.slider.addEventListener("input", () => this.draw());
    addEventListener("resize", () => this.draw());
  }

  stepped(k, total, _, both) {
    if (!both) return; // at w = 0 and 1 the network is asked once: the last two estimates stay
    if (k === 1) this.triangles = [];
    this.triangles.push(triangleOf(both));
    const chosen = this.slider.disabled ? Math.ceil(total / 8) : this.slider.valueAsNumber;
    if (k === total) this.at(Math.min(chosen, total), total);
  }

  shown() {
    this.draw();
  }

  moved() {
    this.draw();
  }

  draw() {
    const k = this.slider.valueAsNumber;
    if (!this.triangles[k - 1]) return;
    this.at(k, this.triangles.length);
    const { guidance, phi } = this.panel.settings();
    drawLine(/** @type {any} */ (this.panel.find("line")), this.triangles[k - 1], guidance, phi);
    this.panel.caption(`Standard deviations at step ${k}: ${spreads(this.triangles[k - 1], guidance, phi)}`);
  }
}

/** A part of the take, marked with the mouse or by its seconds, that is played again. */
class Region extends View {
  /** @param {Panel} panel */
  constructor(panel) {
    super(panel);
    [this.from, this.to] = ["from", "to"].map((name) => /** @type {HTMLInputElement} */ (panel.find(name)));
    for (const input of [this.from, this.to]) input.addEventListener("input", () => this.mark());
    panel.find("again").addEventListener("click", () => panel.playAgain([this.from.valueAsNumber, this.to.valueAsNumber]));
    const picture = panel.find("pictures");
    picture.addEventListener("pointerdown", (event) => {
      const start = this.secondsAt(event);
      const drag = (/** @type {PointerEvent} */ moved) => this.choose(start, this.secondsAt(moved));
      picture.addEventListener("pointermove", drag);
      addEventListener("pointerup", () => picture.removeEventListener("pointermove", drag), { once: true });
      addEventListener("pointercancel", () => picture.removeEventListener("pointermove", drag), { once: true });
    });
  }

  /** @param {MouseEvent} event */
  secondsAt(event) {
    const { left, width } = this.panel.find("pictures").getBoundingClientRect();
    return Math.min(Math.max((this.panel.seconds * (event.clientX - left)) / width, 0), this.panel.seconds);
  }

  /**
   * @param {number} one
   * @param {number} other
   */
  choose(one, other) {
    if (Math.abs(one - other) < 0.1) return; // a click
    [this.from.value, this.to.value] = [Math.min(one, other).toFixed(1), Math.max(one, other).toFixed(1)];
    this.mark();
  }

  mark() {
    const { style } = this.panel.find("marked");
    const [from, to] = [this.from.valueAsNumber, this.to.valueAsNumber];
    style.display = to > from ? "block" : "none";
    [style.left, style.width] = [from, to - from].map((s) => `${(100 * s) / this.panel.seconds}%`);
  }

  shown() {
    for (const input of [this.from, this.to]) input.max = this.panel.seconds.toFixed(1);
    if (!this.to.value) this.choose(this.panel.seconds / 4, this.panel.seconds / 2);
    this.mark();
  }
}

/** A promise that is kept from outside. */
function promised() {
  /** @type {(value: any) => void} */
  let resolve = () => {};
  const promise = new Promise((keep) => (resolve = keep));
  return { promise, resolve };
}

/** @type {Record<string, typeof View>} */
export const VIEWS = { sound: View, latents: Latents, line: Line, region: Region };
