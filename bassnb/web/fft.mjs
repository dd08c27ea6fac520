/** The fast Fourier transform of complex numbers, for lengths that are powers of two. */

/** A transform of one length, with its tables. */
export class FFT {
  /** @param {number} size a power of two */
  constructor(size) {
    this.size = size;
    this.cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.sin = Float64Array.from({ length: size / 2 }, (_, k) => Math.sin((2 * Math.PI * k) / size));
    this.reversed = new Uint32Array(size);
    for (let i = 1, half = size >> 1; i < size; i++) {
      this.reversed[i] = (this.reversed[i >> 1] >> 1) | (i & 1 ? half : 0);
    }
  }

  /**
   * X[k] = sum over n of x[n] exp(-2 pi j k n / size), in place (Cooley and Tukey 1965).
   * @param {Float64Array} re
   * @param {Float64Array} im
   */
  forward(re, im) {
    const { size, cos, sin, reversed } = this;
    for (let i = 0; i < size; i++) {
      const j = reversed[i];
      if (j <= i) continue;
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0, a = start, b = start + half; k < half; k++, a++, b++) {
          const c = cos[k * stride];
          const s = sin[k * stride];
          const x = re[b] * c + im[b] * s;
          const y = im[b] * c - re[b] * s;
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
      }
    }
  }

  /**
   * The inverse of `forward`, times `size`.
   * @param {Float64Array} re
   * @param {Float64Array} im
   */
  inverse(re, im) {
    this.forward(im, re);
  }
}
