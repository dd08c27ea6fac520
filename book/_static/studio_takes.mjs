/** The takes of a visit: a list to choose from, pictures, a player, a region, and files to keep. */

import { midi } from "./bassnb/midi.mjs";
import { RATE } from "./bassnb/sounds.mjs";
import { wav } from "./bassnb/wav.mjs";
import { Deck, gains, mixed } from "./studio_deck.mjs";
import { keep } from "./studio_files.mjs";
import { drawRoll, drawSpectrogram, drawWaves } from "./studio_pictures.mjs";

const MOST_BYTES = 4e8; // of sound that the list holds: the oldest takes make room
const DRAGGED = 5; // pixels: less is a click
const at = (name) => document.getElementById(`studio-${name}`);
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

const takes = []; // the newest first
const deck = new Deck(moved);
let current = null;
let previous = null;
let made = 0;
let frame = 0; // of the animation that follows the player

/** What the page shows of the take that is chosen: number, title, song, options, take, tempo, notes. */
export const chosen = () => current;

/** The part that is marked, in seconds; null if none is. */
export function region() {
  const [from, to] = ["from", "to"].map((name) => at(name).valueAsNumber);
  return from < to ? [Math.max(from, 0), Math.min(to, deck.duration)] : null;
}

/** A new take, at the top of the list; returns it. */
export function add(entry) {
  const own = { ...entry, number: ++made, notes: null };
  takes.unshift(own);
  const bytes = ({ take }) => 8 * take.channels[0].length;
  while (takes.length > 2 && takes.reduce((sum, one) => sum + bytes(one), 0) > MOST_BYTES) takes.pop().row.remove();
  own.row = rowOf(own);
  at("list").prepend(own.row);
  at("takes").hidden = false;
  choose(own);
  return own;
}

/** The notes of a take, as soon as they are known. */
export function addNotes(own, notes) {
  own.notes = notes;
  if (own === current) showNotes();
}

/** A line of the list: a radio button with the title of the take. */
function rowOf(own) {
  const row = at("row").content.cloneNode(true).querySelector("label");
  row.querySelector("span").textContent = `Take ${own.number}: ${own.title}`;
  row.querySelector("input").addEventListener("change", () => choose(own));
  return row;
}

/** Hear and see another take, at the same place of the song. */
function choose(own) {
  if (own === current) return;
  const same = current?.song === own.song;
  [previous, current] = [takes.includes(current) ? current : null, own];
  own.row.querySelector("input").checked = true;
  const { song, take } = own;
  deck.load(song, take.channels);
  level();
  if (!same) mark(null);
  at("seek").max = deck.duration;
  for (const name of ["from", "to"]) at(name).max = deck.duration.toFixed(1);
  drawWaves(at("waves"), song, take.channels);
  drawSpectrogram(at("spectrum"), take.channels);
  showNotes();
  at("other").disabled = previous === null;
  at("other").textContent = previous ? `Compare with take ${previous.number}` : "Compare";
}

function showNotes() {
  const { notes } = current;
  const words = drawRoll(at("roll"), notes ?? [], deck.duration);
  at("roll").setAttribute("aria-label", `Piano roll: ${notes ? words : "the notes are being read"}`);
  at("notes").textContent = notes ? words : "reading the notes";
  at("midi").disabled = !notes;
}

const part = () => document.querySelector("input[name=studio-part]:checked").value;

/** The balance that is set, on what sounds. */
function level() {
  if (current) deck.balance(gains(current.song, current.take, part(), at("balance").valueAsNumber));
  const decibels = at("balance").valueAsNumber;
  const words = decibels ? `${Math.abs(decibels)} dB ${decibels > 0 ? "louder" : "softer"}` : "as it was played";
  at("balance").setAttribute("aria-valuetext", words);
  at("balance-says").textContent = words;
}

/** The place of the player, wherever the page shows it; while it plays, in every frame. */
function moved() {
  const { position, duration, playing } = deck;
  at("toggle").textContent = playing ? "Pause" : "Play";
  at("seek").value = position;
  at("time").textContent = `${clock(position)} of ${clock(duration)}`;
  at("seek").setAttribute("aria-valuetext", at("time").textContent);
  at("cursor").style.left = `${(100 * position) / (duration || 1)}%`;
  cancelAnimationFrame(frame);
  if (playing) frame = requestAnimationFrame(moved);
}

/** Mark a part, or none. */
function mark(seconds) {
  [at("from").value, at("to").value] = seconds ? seconds.map((x) => x.toFixed(1)) : ["", ""];
  shade();
}

/** Shows the part that is marked over the pictures. */
function shade() {
  const marked = region();
  const [from, to] = marked ?? [0, 0];
  at("region").style.left = `${(100 * from) / (deck.duration || 1)}%`;
  at("region").style.width = `${(100 * (to - from)) / (deck.duration || 1)}%`;
  at("again").disabled = !marked || !at("stop").disabled;
}

/** A drag over the pictures marks a part; a click goes there. */
function draggable(pictures) {
  const secondsOf = (event) => {
    const { left, width } = pictures.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * deck.duration;
  };
  let begun = null;
  pictures.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    begun = { x: event.clientX, seconds: secondsOf(event) };
    pictures.setPointerCapture(event.pointerId);
  });
  pictures.addEventListener("pointermove", (event) => {
    if (!begun || Math.abs(event.clientX - begun.x) < DRAGGED) return;
    mark([begun.seconds, secondsOf(event)].sort((a, b) => a - b));
  });
  pictures.addEventListener("pointerup", (event) => {
    if (begun && Math.abs(event.clientX - begun.x) < DRAGGED) deck.seek(begun.seconds);
    begun = null;
  });
  pictures.addEventListener("pointercancel", () => (begun = null));
}

/** The controls below the form. */
export function listen() {
  at("toggle").addEventListener("click", () => (deck.playing ? deck.pause() : deck.play()));
  at("seek").addEventListener("input", () => deck.seek(at("seek").valueAsNumber));
  at("other").addEventListener("click", () => choose(previous));
  at("balance").addEventListener("input", level);
  for (const choice of document.querySelectorAll("input[name=studio-part]")) choice.addEventListener("change", level);
  for (const name of ["from", "to"]) at(name).addEventListener("input", shade);
  draggable(at("pictures"));
  at("bass").addEventListener("click", () => {
    keep(wav(current.take.channels, RATE), `bass-${current.number}.wav`, "audio/wav");
  });
  at("both").addEventListener("click", () => {
    const sound = mixed(current.song, current.take, "both", at("balance").valueAsNumber);
    keep(wav(sound, RATE), `song-and-bass-${current.number}.wav`, "audio/wav");
  });
  at("midi").addEventListener("click", () => {
    keep(midi(current.notes, current.tempo), `bass-${current.number}.mid`, "audio/midi");
  });
  level();
}

/** While a take is made, no other one can be asked for. */
export function busy(now) {
  at("stop").disabled = !now;
  at("play").disabled = now;
  shade();
}
