/** Pictures of a take, all on one axis of time: waves, spectrogram, piano roll. */

import { spectrogram } from "./bassnb/picture.mjs";

const NAMES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
const [SONG, BASS, LINE] = ["#8a94a6", "#f0a04b", "#3a4150"];
const ROW = 12; // semitones: at least an octave is shown

/** The song above the middle, the bass below it. */
export function drawWaves(canvas, song, bass) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const [above, below] = [song, bass].map(([left]) => peaks(left, width));
  const scale = height / 2 / Math.max(...above, ...below);
  context.fillStyle = SONG;
  above.forEach((peak, x) => context.fillRect(x, height / 2 - scale * peak, 1, scale * peak));
  context.fillStyle = BASS;
  below.forEach((peak, x) => context.fillRect(x, height / 2, 1, Math.max(1, scale * peak)));
}

/** The largest absolute sample of each column. */
function peaks(samples, columns) {
  const width = samples.length / columns;
  return Array.from({ length: columns }, (_, x) => {
    let most = 0;
    const last = Math.floor((x + 1) * width);
    for (let n = Math.floor(x * width); n < last; n++) most = Math.max(most, Math.abs(samples[n]));
    return most;
  });
}

/** A spectrogram, 20 Hz to 5.5 kHz. */
export function drawSpectrogram(canvas, channels) {
  const { width, height } = canvas;
  const grey = spectrogram(channels, width, height);
  const pixels = new ImageData(width, height);
  grey.forEach((value, i) => {
    const colour = value < 8 ? [0, 0, 0] : [value, value * 0.8, 255 - Math.abs(2 * value - 160)];
    pixels.data.set([...colour, 255], 4 * i);
  });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** A piano roll with a line at each C; louder notes are brighter. Says in words what it shows. */
export function drawRoll(canvas, notes, seconds) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  if (!notes.length) return "no notes";
  const pitches = notes.map((note) => note.pitch);
  const [lowest, highest] = [Math.min(...pitches), Math.max(...pitches)];
  const rows = Math.max(highest - lowest + 1, ROW) + 2;
  const top = (pitch) => (height * (highest + 1 - pitch)) / rows;
  context.fillStyle = LINE;
  for (let pitch = highest - rows; pitch <= highest; pitch++) {
    if (pitch % 12 === 0) context.fillRect(0, top(pitch) + height / rows - 1, width, 1);
  }
  context.fillStyle = BASS;
  for (const { onset, offset, pitch, velocity } of notes) {
    context.globalAlpha = 0.4 + 0.6 * (velocity / 127);
    const [left, right] = [onset, offset].map((time) => (width * time) / seconds);
    context.fillRect(left, top(pitch), Math.max(1.5, right - left - 1), height / rows);
  }
  context.globalAlpha = 1;
  return `${notes.length} notes, ${nameOf(lowest)} to ${nameOf(highest)}`;
}

/** A MIDI number as musicians write it; 60 is C4. */
function nameOf(pitch) {
  return `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}
