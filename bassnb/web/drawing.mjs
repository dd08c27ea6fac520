/** Pictures of a live panel: sound, latents, and the two estimates of guidance with what lies between. */

import { guidedIn, spread, spreads } from "./geometry.mjs";
import { spectrogram } from "./picture.mjs";

/** @typedef {import("./geometry.mjs").Point} Point */
/** @typedef {import("./geometry.mjs").Triangle} Triangle */

const DARK_TO_BRIGHT = [[0, 0, 4], [59, 15, 112], [140, 41, 129], [222, 73, 104], [254, 159, 109], [252, 253, 191]];
const NEGATIVE = [58, 120, 210];
const POSITIVE = [217, 110, 30];
const FULL = 2.5; // of a latent, in standard deviations: full colour

/**
 * The spectrogram of a sound.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array[]} channels
 */
export function drawSound(canvas, channels) {
  canvas.width = 600;
  const { width, height } = canvas;
  const pixels = new ImageData(width, height);
  spectrogram(channels, width, height).forEach((grey, i) => {
    const place = (grey / 256) * (DARK_TO_BRIGHT.length - 1);
    const [below, above] = [DARK_TO_BRIGHT[Math.floor(place)], DARK_TO_BRIGHT[Math.floor(place) + 1]];
    const colour = below.map((x, c) => x + (above[c] - x) * (place % 1));
    pixels.data.set([...colour, 255], 4 * i);
  });
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  canvas.ariaLabel = `Spectrogram of the bass, ${(channels[0].length / 44_100).toFixed(1)} s, 20 Hz to 5.5 kHz`;
}

/**
 * Latents as a table: a row for each channel, a column for each step of time; 0 has no colour.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} latents (channels x steps)
 * @param {number} channels
 */
export function drawLatents(canvas, latents, channels) {
  const steps = latents.length / channels;
  [canvas.width, canvas.height] = [steps, channels];
  const pixels = new ImageData(steps, channels);
  latents.forEach((value, i) => {
    const strength = Math.min(Math.abs(value) / FULL, 1);
    pixels.data.set([...(value < 0 ? NEGATIVE : POSITIVE), 255 * strength], 4 * i);
  });
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  canvas.ariaLabel = `${channels} channels over ${steps} steps of time, standard deviation ${spread(latents).toFixed(2)}`;
}

/**
 * The line of guidance with the estimates on it, and a circle with the spread of the conditional one.
 * @param {SVGSVGElement} svg
 * @param {Triangle} triangle
 * @param {number} guidance
 * @param {number} phi
 */
export function drawLine(svg, triangle, guidance, phi) {
  const { guided, final } = guidedIn(triangle, guidance, phi);
  const radius = Math.hypot(...triangle.conditional);
  const points = [triangle.free, triangle.conditional, guided, final];
  const [width, height] = [svg.clientWidth || 600, svg.clientHeight || 260];
  const ends = [0, 1].map((axis) => {
    const places = points.map((point) => point[axis]);
    return [Math.min(-radius, ...places), Math.max(radius, ...places)];
  });
  const scale = Math.min((width - 150) / (ends[0][1] - ends[0][0]), (height - 60) / (ends[1][1] - ends[1][0]));
  const middle = ends.map(([low, high]) => (low + high) / 2);
  const at = (/** @type {Point} */ [x, y]) => [
    (width / 2 + (x - middle[0]) * scale).toFixed(1),
    (height / 2 - (y - middle[1]) * scale).toFixed(1),
  ];
  const dot = (/** @type {Point} */ point, colour = "", text = "", up = false) => {
    const [x, y] = at(point);
    return `<circle cx="${x}" cy="${y}" r="6" fill="${colour}"/><text x="${x}" y="${Number(y) + (up ? -11 : 21)}" text-anchor="middle">${text}</text>`;
  };
  const [zero, from, to] = [/** @type {Point} */ ([0, 0]), guided, final].map(at);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.innerHTML =
    `<circle cx="${zero[0]}" cy="${zero[1]}" r="${(radius * scale).toFixed(1)}" fill="none" stroke="currentColor" stroke-dasharray="5 4" opacity="0.5"/>` +
    `<path d="M0,${from[1]}H${width}" stroke="currentColor" opacity="0.4"/><path d="M${from}L${to}" stroke="#2a9d4a" stroke-width="3"/>` +
    `<path d="M${zero}m-6,0h12m-6,-6v12" stroke="currentColor"/>` +
    dot(triangle.free, "#e07b1a", "w = 0", true) +
    dot(triangle.conditional, "#3a78d2", "w = 1") +
    dot(guided, "#8e5bd0", `w = ${guidance}`, true) +
    (phi ? dot(final, "#2a9d4a", `φ = ${phi}`) : "");
  svg.ariaLabel = `The line of guidance. Standard deviations: ${spreads(triangle, guidance, phi)}`;
}

/**
 * Labels below a picture, at most seven, at round seconds.
 * @param {HTMLElement} element
 * @param {number} seconds
 */
export function drawTicks(element, seconds) {
  const step = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300].find((s) => seconds / s <= 6) ?? 600;
  element.replaceChildren();
  for (let mark = 0; mark < 0.97 * seconds; mark += step) {
    const label = element.appendChild(document.createElement("i"));
    label.textContent = `${mark} s`;
    label.style.left = `${(100 * mark) / seconds}%`;
  }
}
