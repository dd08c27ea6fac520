/** What plays: a song and a bass side by side, of which either can be exchanged while it sounds. */

import { RATE } from "./bassnb/sounds.mjs";

const FADE = 0.02; // seconds in which one take gives way to another
const decibels = (value) => 10 ** (value / 20);

/** Song and bass with gains under which they do not clip together. */
export function gains(song, take, part, balance) {
  if (part === "song") return [1, 0];
  if (part === "bass") return [0, 1];
  const bass = decibels(balance - take.settings.gain_db);
  let peak = 1;
  for (const [c, channel] of song.entries()) {
    const other = take.channels[c];
    for (let n = 0; n < channel.length; n++) peak = Math.max(peak, Math.abs(channel[n] + bass * other[n]));
  }
  return [1 / peak, bass / peak];
}

/** Both as one sound, as they are heard. */
export function mixed(song, take, part, balance) {
  const [one, other] = gains(song, take, part, balance);
  return song.map((x, c) => x.map((y, n) => one * y + other * take.channels[c][n]));
}

/** A player that keeps its place when what it plays is exchanged. */
export class Deck {
  /** `changed` is called whenever it starts or stops, and when it is moved. */
  constructor(changed) {
    this.changed = changed;
    this.levels = [1, 1];
    this.start = 0; // seconds at which it will go on
    this.sources = null;
  }

  get playing() {
    return this.sources !== null;
  }

  get duration() {
    return this.buffers ? this.buffers[0].duration : 0;
  }

  get position() {
    const gone = this.playing ? this.context.currentTime - this.begun : 0;
    return Math.min(this.start + gone, this.duration);
  }

  /** Another pair of sounds; the place stays unless the song is another. */
  load(song, bass) {
    const same = this.song === song;
    const place = same ? this.position : 0;
    this.song = song;
    this.buffers = [same ? this.buffers[0] : bufferOf(song), bufferOf(bass)];
    this.go(place, this.playing && same);
  }

  /** Gains of song and bass, at once. */
  balance(levels) {
    this.levels = levels;
    this.sources?.forEach(({ gain }, i) => gain.gain.setTargetAtTime(levels[i], this.context.currentTime, FADE / 3));
  }

  play() {
    this.go(this.position >= this.duration ? 0 : this.position, true);
  }

  pause() {
    this.go(this.position, false);
  }

  seek(seconds) {
    this.go(Math.max(0, Math.min(seconds, this.duration)), this.playing);
  }

  /** Be at a place, playing or not. */
  go(place, playing) {
    this.sources?.forEach((source) => this.fadeOut(source));
    this.sources = null;
    this.start = place;
    if (playing) {
      this.context ??= new AudioContext({ sampleRate: RATE });
      this.context.resume();
      this.begun = this.context.currentTime;
      this.sources = this.buffers.map((buffer, i) => this.fadeIn(buffer, this.levels[i], place));
      this.sources[0].node.onended = () => this.go(0, false);
    }
    this.changed();
  }

  fadeIn(buffer, level, place) {
    const { context } = this;
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.linearRampToValueAtTime(level, context.currentTime + FADE);
    const node = new AudioBufferSourceNode(context, { buffer });
    node.connect(gain).connect(context.destination);
    node.start(0, place);
    return { node, gain };
  }

  fadeOut({ node, gain }) {
    node.onended = null;
    gain.gain.cancelScheduledValues(this.context.currentTime);
    gain.gain.setTargetAtTime(0, this.context.currentTime, FADE / 3);
    node.stop(this.context.currentTime + 2 * FADE);
  }
}

function bufferOf(channels) {
  const buffer = new AudioBuffer({ length: channels[0].length, numberOfChannels: 2, sampleRate: RATE });
  channels.forEach((channel, c) => buffer.copyToChannel(channel, c));
  return buffer;
}
