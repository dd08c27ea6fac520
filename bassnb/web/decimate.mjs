/** An eighth of the sample rate: what the pitch of a bass is read from. */

import { bessel } from "./resample.mjs";

export const DOWN = 8;
const HALF = 10 * DOWN; // taps of the filter on either side of its middle
const BETA = 5; // of its Kaiser window

/** The taps of a low pass at the new Nyquist frequency, from one end to the other; their sum is 1. */
const TAPS = (() => {
  const taps = Float64Array.from({ length: 2 * HALF + 1 }, (_, i) => {
    const x = (i - HALF) / DOWN;
    const sinc = x ? Math.sin(Math.PI * x) / (Math.PI * x) : 1;
    return sinc * bessel(BETA * Math.sqrt(1 - ((i - HALF) / HALF) ** 2));
  });
  const sum = taps.reduce((a, b) => a + b);
  return taps.map((tap) => tap / sum);
})();

/**
 * Every eighth sample of what the low pass leaves: `scipy.signal.resample_poly(x, 1, 8)`.
 * @param {ArrayLike<number>} x
 * @returns {Float64Array}
 */
export function decimated(x) {
  return Float64Array.from({ length: Math.ceil(x.length / DOWN) }, (_, n) => {
    let sum = 0;
    const first = Math.max(0, n * DOWN - HALF);
    const last = Math.min(x.length - 1, n * DOWN + HALF);
    for (let k = first; k <= last; k++) sum += TAPS[k - n * DOWN + HALF] * x[k];
    return sum;
  });
}
