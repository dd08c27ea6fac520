/**
 * Other sample rates and other tunings: band-limited interpolation (Smith and Gossett 1984).
 *
 * A sinc of 64 zero crossings on each side under a Kaiser window. What lies in the last seventh below the
 * lower Nyquist frequency fades, what would fold back is 110 dB down. Python uses the SoX resampler: up to
 * 19 kHz the two agree to 1e-5, except for the first and the last milliseconds.
 */

/** @typedef {import("./spectral.mjs").Stereo} Stereo */

const CROSSINGS = 64;
const PER_CROSSING = 1024; // entries of the table, between which one interpolates
const BETA = 11; // of the Kaiser window
const CUTOFF = 0.955; // of the lower Nyquist frequency

/** @type {Float64Array | undefined} */
let table;

/** @param {number} x the modified Bessel function of order 0 */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-17 * sum; k++) sum += term *= (x / (2 * k)) ** 2;
  return sum;
}

/** Half of the windowed sinc, from its middle to its end. */
function sincTable() {
  table ??= Float64Array.from({ length: CROSSINGS * PER_CROSSING + 2 }, (_, i) => {
    const x = i / PER_CROSSING;
    const inside = Math.max(0, 1 - (x / CROSSINGS) ** 2);
    const sinc = x ? Math.sin(Math.PI * x) / (Math.PI * x) : 1;
    return (sinc * bessel(BETA * Math.sqrt(inside))) / bessel(BETA);
  });
  return table;
}

/**
 * A wave at another rate, of exactly `length` samples: cut at the end, or followed by silence.
 * @param {Stereo} wave
 * @param {number} from Hz
 * @param {number} to Hz
 * @param {number} [length] by default as long in seconds as before
 * @returns {Stereo}
 */
export function resample(wave, from, to, length = Math.round((wave[0].length * to) / from)) {
  if (from === to && length === wave[0].length) return wave;
  const sinc = sincTable();
  const scale = CUTOFF * Math.min(1, to / from); // zero crossings in a sample of the input
  const reach = CROSSINGS / scale;
  const out = wave.map(() => new Float32Array(length));
  const samples = wave[0].length;
  for (let n = 0; n < length; n++) {
    const middle = (n * from) / to;
    let [one, other] = [0, 0];
    const last = Math.min(samples - 1, Math.floor(middle + reach));
    for (let k = Math.max(0, Math.ceil(middle - reach)); k <= last; k++) {
      const place = Math.abs(k - middle) * scale * PER_CROSSING;
      const i = place | 0;
      const weight = sinc[i] + (sinc[i + 1] - sinc[i]) * (place - i);
      one += weight * wave[0][k];
      other += weight * wave[1][k];
    }
    out[0][n] = one * scale;
    out[1][n] = other * scale;
  }
  return out;
}
