/** Sounds in and out of the studio page: what the browser decodes, and files to keep. */

const LONGEST = 600; // seconds
export const RATE = 44100; // Hz, of everything on the page

/** Two channels at 44.1 kHz of a file, or of an address in the site, by the browser's own decoder. */
export async function channelsOf(source, name) {
  const data = source instanceof URL ? await (await fetch(source)).arrayBuffer() : await source.arrayBuffer();
  const buffer = await new OfflineAudioContext(2, 1, RATE).decodeAudioData(data).catch(() => {
    throw new Error(`${name} is no sound that this browser can read; give WAV, FLAC, MP3 or Ogg.`);
  });
  if (buffer.duration > LONGEST) throw new Error(`${name} is longer than ten minutes; give an excerpt.`);
  if (buffer.numberOfChannels <= 2) {
    return Array.from({ length: 2 }, (_, c) => buffer.getChannelData(Math.min(c, buffer.numberOfChannels - 1)));
  }
  const context = new OfflineAudioContext(2, buffer.length, RATE);
  const player = new AudioBufferSourceNode(context, { buffer });
  player.connect(context.destination);
  player.start();
  const two = await context.startRendering();
  return [two.getChannelData(0), two.getChannelData(1)];
}

/** The browser's own dialogue for a file that was made here. */
export function keep(data, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
