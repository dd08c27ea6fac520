(() => {
  "use strict";
  const clock = (t) => Math.floor(t / 60) + ":" + String(Math.floor(t % 60)).padStart(2, "0");

  function upgrade(root) {
    const total = Number(root.dataset.seconds);
    const rows = [...root.querySelectorAll(".bl-row")];
    const audios = rows.map((row) => row.querySelector("audio"));
    const buttons = [...root.querySelectorAll(".bl-takes button")];
    const play = root.querySelector(".bl-play");
    const seek = root.querySelector(".bl-seek");
    let current = 0;
    let position = 0; // seconds, common to all takes

    const draw = () => {
      const share = Math.min(position / total, 1);
      for (const cursor of root.querySelectorAll(".bl-cursor")) cursor.style.left = 100 * share + "%";
      seek.value = position;
      seek.setAttribute("aria-valuetext", position.toFixed(1) + " of " + total.toFixed(1) + " seconds");
      root.querySelector(".bl-time").textContent = clock(position) + " / " + clock(total);
    };
    const follow = () => { // while a take plays, the position is the one of that take
      const audio = audios[current];
      if (audio.paused) return; // a frame asked for before the pause must not undo a later move
      if (audio.dataset.settled && !audio.seeking) {
        if (audio.currentTime < position - 0.5 && audio.src.startsWith("http") && !audio.dataset.tried) {
          audio.dataset.tried = "1"; // this server cannot seek: go on with the whole sound in hand
          audio.pause();
          hold(audio).then(() => { if (audio === audios[current]) start(); });
          return;
        }
        position = audio.currentTime;
      }
      draw();
      requestAnimationFrame(follow);
    };
    const settle = () => { // bring the current take to the common position, now or once the browser knows its length
      const audio = audios[current];
      delete audio.dataset.settled;
      const jump = () => { audio.currentTime = position; audio.dataset.settled = "1"; };
      if (audio.readyState > 0) return jump();
      audio.preload = "auto";
      audio.addEventListener("loadedmetadata", () => (audio === audios[current] ? jump() : undefined), { once: true });
      audio.load();
    };
    const hold = (audio) => { // keep the whole sound: switching does not wait, and seeking needs no server
      audio.preload = "auto";
      audio.held ??= audio.src.startsWith("http")
        ? fetch(audio.src).then((reply) => reply.blob()).then(
          (sound) => URL.createObjectURL(sound), () => undefined) // or the browser loads it while it plays
        : Promise.resolve(undefined);
      return audio.held.then((url) => { if (url && audio.paused && audio.src !== url) audio.src = url; });
    };
    const start = () => {
      settle();
      audios[current].play().catch(() => undefined); // a press during loading may cancel it; the next press starts it
      for (const audio of audios) if (audio !== audios[current]) hold(audio);
    };
    const stop = () => {
      if (audios[current].dataset.settled && !audios[current].paused) position = audios[current].currentTime;
      audios[current].pause();
      draw();
    };
    const select = (index) => {
      const sounding = !audios[current].paused;
      stop();
      current = index;
      rows.forEach((row, i) => row.classList.toggle("is-active", i === current));
      buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === current)));
      if (sounding) start();
    };
    const moveTo = (seconds) => {
      position = Math.max(0, Math.min(seconds, total - 0.05));
      if (!audios[current].paused) settle();
      draw();
    };

    play.addEventListener("click", () => (audios[current].paused ? start() : stop()));
    seek.addEventListener("input", () => moveTo(Number(seek.value)));
    buttons.forEach((button, i) => button.addEventListener("click", () => select(i)));
    rows.forEach((row, i) => row.querySelector(".bl-pictures").addEventListener("click", (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      moveTo((total * (event.clientX - box.left)) / box.width);
      if (i !== current) select(i);
    }));
    audios.forEach((audio) => {
      audio.addEventListener("play", () => {
        for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
        play.textContent = "Pause";
        requestAnimationFrame(follow);
      });
      audio.addEventListener("pause", () => { if (audio === audios[current]) play.textContent = "Play"; });
      audio.addEventListener("ended", () => { position = 0; play.textContent = "Play"; draw(); });
    });
    select(0);
    draw();
  }

  for (const root of document.querySelectorAll(".bassnb-listen:not([data-ready])")) {
    root.dataset.ready = "1";
    upgrade(root);
  }
})();
