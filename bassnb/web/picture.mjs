/** The spectrogram of a sound, as grey values: lower frequencies get as much room as higher ones. */

import { stft } from "./spectral.mjs";

const WINDOW = 4096;
const BINS = 512; // up to 5.5 kHz at 44.1 kHz
const FLOOR = 1e-3; // of the largest magnitude: black

/**
 * Brightness of a spectrogram, row by row from the top, columns from left to right.
 * @param {Float32Array[]} channels
 * @param {number} width columns
 * @param {number} height rows, of equal steps in the logarithm of frequency
 * @returns {Uint8ClampedArray}
 */
export function spectrogram(channels, width, height) {
  const hop = Math.max(1, Math.ceil(channels[0].length / width));
  const [one, other = one] = channels;
  const { re, im, frames } = stft([one, other], WINDOW, hop, BINS, 1);
  const power = new Float64Array(BINS * frames);
  for (let i = 0; i < power.length; i++) {
    const second = BINS * frames + i;
    power[i] = re[i] ** 2 + im[i] ** 2 + re[second] ** 2 + im[second] ** 2;
  }
  const loudest = power.reduce((most, p) => Math.max(most, p), 1e-12);
  const out = new Uint8ClampedArray(width * height);
  for (let y = 0; y < height; y++) {
    const bin = Math.round(2 * (BINS / 2 - 1) ** (1 - (y + 0.5) / height));
    for (let x = 0; x < Math.min(width, frames); x++) {
      const share = Math.sqrt(power[bin * frames + x] / loudest);
      out[y * width + x] = 255 * (1 + Math.log10(Math.max(share, FLOOR)) / -Math.log10(FLOOR));
    }
  }
  return out;
}
