upgradeAll(".bassnb-sweep", (root) => {
  const sliders = [...root.querySelectorAll(".bl-slider input")];
  const values = sliders.map((slider) => JSON.parse(slider.dataset.values));
  const images = [...root.querySelectorAll(".bl-spectrogram img")];
  const captions = [...root.querySelectorAll("figcaption > span")];
  const kinds = [...root.querySelectorAll(".bl-takes button")]; // bass alone, with the mix; or none
  const audios = [...root.querySelectorAll("audio")]; // of each take all kinds, takes in the order of the grid
  const perTake = audios.length / images.length;
  let kind = 0;

  const indexOf = (places) => places.reduce((index, place, i) => index * values[i].length + place, 0);
  const places = () => sliders.map((slider) => Number(slider.value));
  const near = () => { // one step of one slider away, and the same take as the other kind
    const here = places();
    const takes = here.flatMap((place, i) => [place - 1, place + 1]
      .filter((next) => values[i][next] !== undefined)
      .map((next) => indexOf(here.map((p, j) => (j === i ? next : p)))));
    return [...takes.map((take) => take * perTake + kind), indexOf(here) * perTake + (kind + 1) % perTake];
  };
  const deck = makeDeck(root, audios, Number(root.dataset.seconds), near);

  const show = () => {
    const take = indexOf(places());
    sliders.forEach((slider, i) => {
      const text = values[i][Number(slider.value)];
      slider.setAttribute("aria-valuetext", text);
      slider.closest(".bl-slider").querySelector(".bl-value").textContent = text;
    });
    images.forEach((image, i) => { image.hidden = i !== take; });
    captions.forEach((caption, i) => { caption.hidden = i !== take; });
    for (const gain of captions[take].querySelectorAll(".bl-gain")) gain.hidden = Number(gain.dataset.kind) !== kind;
    kinds.forEach((button, i) => button.setAttribute("aria-pressed", String(i === kind)));
    deck.select(take * perTake + kind);
  };
  sliders.forEach((slider) => slider.addEventListener("input", show));
  kinds.forEach((button, i) => button.addEventListener("click", () => { kind = i; show(); }));
  root.querySelector(".bl-pictures").addEventListener("click", deck.moveToClick);
  show();
});
