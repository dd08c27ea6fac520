/** WAV files of 16 bits: what a browser plays and a reader keeps. */

/**
 * @param {Float32Array[]} channels in [-1, 1]; louder samples are clipped
 * @param {number} sampleRate Hz
 * @returns {Uint8Array<ArrayBuffer>} the whole file
 */
export function wav(channels, sampleRate) {
  const [count, samples] = [channels.length, channels[0].length];
  const data = new DataView(new ArrayBuffer(44 + 2 * count * samples));
  const text = (/** @type {number} */ at, /** @type {string} */ letters) =>
    [...letters].forEach((letter, i) => data.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  data.setUint32(4, data.byteLength - 8, true);
  text(8, "WAVEfmt ");
  data.setUint32(16, 16, true);
  data.setUint16(20, 1, true); // plain numbers
  data.setUint16(22, count, true);
  data.setUint32(24, sampleRate, true);
  data.setUint32(28, 2 * count * sampleRate, true);
  data.setUint16(32, 2 * count, true);
  data.setUint16(34, 16, true);
  text(36, "data");
  data.setUint32(40, data.byteLength - 44, true);
  for (let n = 0; n < samples; n++) {
    for (let c = 0; c < count; c++) {
      const value = Math.max(-1, Math.min(1, channels[c][n]));
      data.setInt16(44 + 2 * (n * count + c), Math.round(value * 32767), true);
    }
  }
  return new Uint8Array(data.buffer);
}
