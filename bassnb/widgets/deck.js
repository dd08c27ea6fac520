// Several sounds, one position: what the players of all blocks share. Of a page, one sound plays at a time.
const clock = (t) => Math.floor(t / 60) + ":" + String(Math.floor(t % 60)).padStart(2, "0");

const copies = new Map(); // address of a sound -> promise of the address of its copy in memory, or of nothing
function copyOf(address) {
  if (!copies.has(address)) {
    copies.set(address, address.startsWith("http")
      ? fetch(address).then((reply) => (reply.ok ? reply.blob() : Promise.reject())).then(
        (sound) => URL.createObjectURL(sound), () => undefined) // or the browser loads it while it plays
      : Promise.resolve(undefined));
  }
  return copies.get(address);
}

// `audios` play one at a time; `near(i)` names those that the listener may choose after audio i.
function makeDeck(root, audios, total, near = () => [...audios.keys()]) {
  const play = root.querySelector(".bl-play");
  const seek = root.querySelector(".bl-seek");
  let current = 0;
  let position = 0; // seconds, common to all sounds
  let waiting = false; // somebody wants to hear a sound that is still on its way

  const sounding = () => waiting || !audios[current].paused;
  const draw = () => {
    const share = Math.min(position / total, 1);
    for (const cursor of root.querySelectorAll(".bl-cursor")) cursor.style.left = 100 * share + "%";
    seek.value = position;
    seek.setAttribute("aria-valuetext", position.toFixed(1) + " of " + total.toFixed(1) + " seconds");
    root.querySelector(".bl-time").textContent = clock(position) + " / " + clock(total);
    const label = sounding() ? "Pause" : "Play";
    if (play.textContent !== label) play.textContent = label;
  };
  const follow = () => { // while a sound plays, the position is its own
    const audio = audios[current];
    if (audio.paused) return; // a frame asked for before the pause must not undo a later move
    if (audio.dataset.settled && !audio.seeking) {
      if (audio.currentTime < position - 0.5 && audio.src.startsWith("http") && !audio.dataset.tried) {
        audio.dataset.tried = "1"; // this server cannot seek: go on with the whole sound in hand
        resume();
        return;
      }
      position = audio.currentTime;
    }
    draw();
    requestAnimationFrame(follow);
  };
  const settle = () => { // bring the current sound to the common position, now or once the browser knows its length
    const audio = audios[current];
    delete audio.dataset.settled;
    const jump = () => { audio.currentTime = position; audio.dataset.settled = "1"; };
    if (audio.readyState > 0) return jump();
    audio.preload = "auto";
    audio.addEventListener("loadedmetadata", () => (audio === audios[current] ? jump() : undefined), { once: true });
    audio.load();
  };
  const hold = (audio) => { // keep the whole sound: switching does not wait, and seeking needs no server
    const address = audio.src;
    audio.preload = "auto";
    return copyOf(address).then((copy) => { if (copy && audio.paused && audio.src === address) audio.src = copy; });
  };
  const start = () => {
    waiting = false;
    settle();
    audios[current].play().catch(() => undefined); // a press during loading may cancel it; the next press starts it
    for (const i of near(current)) if (i !== current) hold(audios[i]);
  };
  const resume = () => {
    const audio = audios[current];
    waiting = true;
    audio.pause();
    hold(audio).then(() => { if (waiting && audio === audios[current]) start(); });
  };
  const stop = () => {
    const audio = audios[current];
    waiting = false;
    if (audio.dataset.settled && !audio.paused) position = audio.currentTime;
    audio.pause();
    draw();
  };
  const select = (index) => { // another sound at the same place
    const goOn = sounding();
    if (index === current && goOn) return;
    stop();
    current = index;
    if (goOn) resume();
    draw();
  };
  const moveTo = (seconds) => {
    position = Math.max(0, Math.min(seconds, total - 0.05));
    if (!audios[current].paused) settle();
    draw();
  };
  const moveToClick = (event) => { // into a picture
    const box = event.currentTarget.getBoundingClientRect();
    moveTo((total * (event.clientX - box.left)) / box.width);
  };
  const load = (addresses, seconds) => { // other sounds, from the beginning
    stop();
    audios.forEach((audio, i) => {
      delete audio.dataset.settled;
      delete audio.dataset.tried;
      audio.src = addresses[i];
    });
    [current, position, total] = [0, 0, seconds];
    seek.max = seconds;
    draw();
  };

  play.addEventListener("click", () => (sounding() ? stop() : start()));
  seek.addEventListener("input", () => moveTo(Number(seek.value)));
  audios.forEach((audio) => {
    audio.addEventListener("play", () => {
      for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
      draw();
      requestAnimationFrame(follow);
    });
    audio.addEventListener("pause", () => { if (audio === audios[current]) draw(); });
    audio.addEventListener("ended", () => { position = 0; draw(); });
  });
  document.addEventListener("play", (event) => { // another block plays: what is still on its way is no longer wanted
    if (audios.includes(event.target)) return;
    waiting = false;
    draw();
  }, true);
  draw();
  return { select, moveToClick, load, start, stop };
}

function upgradeAll(kind, upgrade) { // each block once, however many scripts of its kind the page has
  for (const root of document.querySelectorAll(kind + ":not([data-ready])")) {
    root.dataset.ready = "1";
    upgrade(root);
  }
}
