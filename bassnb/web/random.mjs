/**
 * The noise of a take: the numbers of `torch.randn` on a CPU, drawn from the same seed.
 *
 * Same generator (MT19937, Matsumoto and Nishimura 1998) and same order of draws; logarithm and cosine
 * may differ in the last digit of float32. The Python side is `bassnb.sampling.initial_noise`.
 */

const N = 624;
const M = 397;

/** The Mersenne Twister: 32 random bits at a time. */
export class Twister {
  /** @param {number | bigint} seed a whole number of at least 0, of which the lowest 32 bits count */
  constructor(seed) {
    this.state = new Uint32Array(N);
    this.state[0] = Number(BigInt.asUintN(32, BigInt(seed)));
    for (let i = 1; i < N; i++) {
      const before = this.state[i - 1];
      this.state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
    this.next = N;
  }

  /** @returns {number} a whole number from 0 to 2^32 - 1 */
  bits() {
    if (this.next === N) this.twist();
    let y = this.state[this.next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  twist() {
    const s = this.state;
    for (let i = 0; i < N; i++) {
      const y = (s[i] & 0x80000000) | (s[(i + 1) % N] & 0x7fffffff);
      s[i] = s[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }

  /** @returns {number} uniform in [0, 1), a multiple of 2^-24: what torch draws for float32 */
  uniform() {
    return (this.bits() & 0xffffff) / 2 ** 24;
  }

  /** @returns {number} uniform in [0, 1), a multiple of 2^-53: what torch draws for float64 */
  uniformDouble() {
    const high = this.bits() & 0x1fffff;
    return (high * 2 ** 32 + this.bits()) / 2 ** 53;
  }
}

/**
 * Standard normal numbers, as `torch.randn(size, generator=torch.Generator().manual_seed(seed))`.
 *
 * From 16 numbers on, torch fills the array with uniform numbers and turns blocks of 16 into normal
 * ones (Box and Muller 1958); a last block that is not whole is drawn anew together with the end of the
 * one before. Fewer numbers are made in pairs, in float64.
 *
 * @param {number | bigint} seed
 * @param {number} size
 * @returns {Float32Array}
 */
export function normal(seed, size) {
  const twister = new Twister(seed);
  const out = new Float32Array(size);
  if (size < 16) {
    for (let i = 0; i < size; i += 2) out.set(pair(twister).slice(0, size - i), i);
    return out;
  }
  for (let i = 0; i < size; i++) out[i] = twister.uniform();
  for (let i = 0; i + 16 <= size; i += 16) boxMuller(out.subarray(i, i + 16));
  if (size % 16) {
    const last = out.subarray(size - 16);
    for (let i = 0; i < 16; i++) last[i] = twister.uniform();
    boxMuller(last);
  }
  return out;
}

/**
 * Two normal numbers in float64.
 * @param {Twister} twister
 */
function pair(twister) {
  const angle = 2 * Math.PI * twister.uniformDouble();
  const radius = Math.sqrt(-2 * Math.log1p(-twister.uniformDouble()));
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/**
 * Sixteen uniform numbers become normal, in place: the first eight are radii, the others angles.
 * @param {Float32Array} block
 */
function boxMuller(block) {
  for (let i = 0; i < 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - block[i]));
    const angle = 2 * Math.PI * block[i + 8];
    block[i] = radius * Math.cos(angle);
    block[i + 8] = radius * Math.sin(angle);
  }
}
