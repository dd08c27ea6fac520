/**
 * From noise to latents: schedule, grounding and both samplers.
 *
 * `bassnb/diffusion.py`, `grounding.py`, `sampling.py` and `windows.py` in small functions over flat
 * arrays (channels x steps). Times are float64, as there; the network reads them as float32.
 */

/** @typedef {(z: Float32Array, t: number) => Promise<Float32Array>} Denoise */
/** @typedef {(c: Float32Array, beta: number) => Float32Array} Correct */
/** @typedef {(k: number, z: Float32Array, c: Float32Array) => Promise<void>} Watch */
/** @typedef {(z: Float32Array, t: number, mix: Float32Array, batch: number) => Promise<Float32Array>} Network */

/**
 * Signal rate and noise rate of the cosine schedule.
 * @param {number} t 0 is clean, 1 is pure noise
 * @returns {[number, number]}
 */
export function alphaBeta(t) {
  return [Math.sin((1 - t) * (Math.PI / 2)), Math.sin(t * (Math.PI / 2))];
}

/**
 * From which t to which: neighbours in 1 - (k / K)^power.
 * @param {number} steps
 * @param {number} power
 * @returns {[number, number][]}
 */
export function pairsOfTimes(steps, power) {
  const time = (/** @type {number} */ k) => 1 - (k / steps) ** power;
  return Array.from({ length: steps }, (_, k) => [time(k), time(k + 1)]);
}

/**
 * z' = alpha' c + beta' eps with the noise eps = (z - alpha c) / beta that explains z.
 * @param {Float32Array} z
 * @param {Float32Array} c
 * @param {number} t
 * @param {number} next
 */
function renoise(z, c, t, next) {
  const [alpha, beta] = alphaBeta(t);
  const [alphaNext, betaNext] = alphaBeta(next);
  return z.map((x, i) => alphaNext * c[i] + betaNext * Math.fround((x - alpha * c[i]) / beta));
}

/**
 * DDIM (Song et al. 2020); see `bassnb.sampling.ddim`.
 * @param {Denoise} denoise
 * @param {Float32Array} z noise
 * @param {number} steps
 * @param {Correct} correct applied to each estimate, such as grounding
 * @param {Watch} watch
 * @returns {Promise<Float32Array>}
 */
export async function ddim(denoise, z, steps, correct, watch) {
  for (const [k, [t, next]] of pairsOfTimes(steps, 1).entries()) {
    const c = correct(await denoise(z, t), alphaBeta(t)[1]);
    await watch(k, z, c);
    z = renoise(z, c, t, next);
  }
  return z;
}

/** @param {number} t */
function logSnr(t) {
  const [alpha, beta] = alphaBeta(t);
  return Math.log(alpha) - Math.log(beta);
}

/**
 * DPM-Solver++(2M) (Lu et al. 2022); see `bassnb.sampling.dpm_solver`. Parameters as in `ddim`.
 * @param {Denoise} denoise
 * @param {Float32Array} z
 * @param {number} steps
 * @param {Correct} correct
 * @param {Watch} watch
 * @returns {Promise<Float32Array>}
 */
export async function dpmSolver(denoise, z, steps, correct, watch) {
  let before = { lambda: -Infinity, c: z };
  for (const [k, [t, next]] of pairsOfTimes(steps, 2).entries()) {
    const c = correct(await denoise(z, t), alphaBeta(t)[1]);
    await watch(k, z, c);
    const [now, then, last] = [logSnr(t), logSnr(next), before];
    let half = c;
    if (Number.isFinite(last.lambda) && Number.isFinite(then)) {
      const slope = (then - now) / (2 * (now - last.lambda));
      half = c.map((x, i) => x + slope * (x - last.c[i]));
    }
    z = renoise(z, half, t, next);
    before = { lambda: now, c };
  }
  return z;
}

/** @type {Record<string, typeof ddim>} */
export const SAMPLERS = { ddim, "dpm++": dpmSolver };

/**
 * The mean over the steps that sound, one number a channel.
 * @param {Float32Array} c
 * @param {boolean[]} sounding
 * @returns {number[]}
 */
export function meanOverTime(c, sounding) {
  const steps = sounding.length;
  const count = sounding.filter(Boolean).length;
  return Array.from({ length: c.length / steps }, (_, channel) => {
    let sum = 0;
    for (let l = 0; l < steps; l++) if (sounding[l]) sum += c[channel * steps + l];
    return sum / count;
  });
}

/**
 * c + beta^2 (mu(style) - mu(c)), softened or exaggerated; see `bassnb.grounding.ground`.
 * @param {Float32Array} c
 * @param {number[]} style one number a channel
 * @param {number} beta
 * @param {number} strength
 * @param {boolean[]} sounding
 */
export function ground(c, style, beta, strength, sounding) {
  const [weight, emphasis] = [Math.min(strength, 1), Math.max(strength, 1)];
  const mean = meanOverTime(c, sounding);
  const shift = mean.map((mu, channel) => weight * beta ** 2 * (emphasis * style[channel] - mu));
  return c.map((x, i) => x + shift[Math.floor(i / sounding.length)]);
}

/**
 * The network on songs that are too long for it, in windows that overlap; see `bassnb/windows.py`.
 * @param {Network} network
 * @param {{whole: number, window: number, overlap: number}} sizes latent steps
 * @param {number} length latent steps of the song
 * @returns {Network}
 */
export function windowed(network, { whole, window, overlap }, length) {
  if (length <= whole) return network;
  return async (z, t, mix, batch) => {
    const total = new Float32Array(z.length);
    const weights = new Float64Array(length);
    for (let start = 0; start < length - overlap; start += window - overlap) {
      const size = Math.min(window, length - start);
      const part = await network(cut(z, length, start, size), t, cut(mix, length, start, size), batch);
      const weight = trapezoid(size, overlap);
      for (let i = 0; i < part.length; i++) {
        const l = i % size;
        total[((i - l) / size) * length + start + l] += weight[l] * part[i];
      }
      weight.forEach((w, l) => (weights[start + l] += w));
    }
    return total.map((x, i) => x / weights[i % length]);
  };
}

/**
 * Steps `start` to `start + size` of every row.
 * @param {Float32Array} rows
 * @param {number} length of a row
 * @param {number} start
 * @param {number} size
 */
function cut(rows, length, start, size) {
  const out = new Float32Array((rows.length / length) * size);
  for (let row = 0; row * size < out.length; row++) {
    out.set(rows.subarray(row * length + start, row * length + start + size), row * size);
  }
  return out;
}

/**
 * Weights that rise over `overlap` steps, stay at 1, and fall.
 * @param {number} length
 * @param {number} overlap
 */
export function trapezoid(length, overlap) {
  return Float64Array.from(
    { length },
    (_, l) => Math.min(l + 1, length - l, overlap + 1) / (overlap + 1),
  );
}
