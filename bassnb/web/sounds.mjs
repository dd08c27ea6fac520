/** Sounds of the site, and files of the reader, as two channels at 44.1 kHz. */

import { EngineError } from "./errors.mjs";

export const RATE = 44_100; // Hz
const LONGEST = 600; // seconds

/**
 * What the browser's own decoder makes of a sound; of more than two channels, its downmix.
 * @param {URL | File} source
 * @param {string} name for an error
 * @returns {Promise<Float32Array[]>}
 */
export async function channelsOf(source, name) {
  const data = await (source instanceof URL ? fetched(source, name) : source.arrayBuffer());
  const sound = await new OfflineAudioContext(2, 1, RATE).decodeAudioData(data).catch(() => {
    throw new EngineError(`${name} is no sound that this browser can read; give WAV, FLAC, MP3 or Ogg.`);
  });
  if (sound.duration > LONGEST) throw new EngineError(`${name} is longer than ten minutes; give an excerpt.`);
  if (sound.numberOfChannels <= 2) {
    return [0, sound.numberOfChannels - 1].map((channel) => sound.getChannelData(channel));
  }
  const context = new OfflineAudioContext(2, sound.length, RATE);
  const player = new AudioBufferSourceNode(context, { buffer: sound });
  player.connect(context.destination);
  player.start();
  const two = await context.startRendering();
  return [two.getChannelData(0), two.getChannelData(1)];
}

/**
 * @param {URL} address
 * @param {string} name
 */
async function fetched(address, name) {
  const reply = await fetch(address).catch(() => null);
  if (!reply?.ok) throw new EngineError(`${name} cannot be fetched; check the connection and try again.`);
  return reply.arrayBuffer();
}

/**
 * Two sounds of one length together, turned down if they would clip.
 * @param {Float32Array[]} one
 * @param {Float32Array[]} other
 */
export function together(one, other) {
  return withinFullScale(one.map((x, c) => x.map((y, n) => y + other[c][n])));
}

/**
 * A sound whose largest sample is at most 1.
 * @param {Float32Array[]} channels
 */
export function withinFullScale(channels) {
  let peak = 1;
  for (const channel of channels) for (const x of channel) peak = Math.max(peak, Math.abs(x));
  return peak > 1 ? channels.map((x) => x.map((y) => y / peak)) : channels;
}
