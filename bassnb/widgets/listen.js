upgradeAll(".bassnb-listen", (root) => {
  const rows = [...root.querySelectorAll(".bl-row")];
  const buttons = [...root.querySelectorAll(".bl-takes button")];
  const deck = makeDeck(root, rows.map((row) => row.querySelector("audio")), Number(root.dataset.seconds));

  const select = (index) => {
    rows.forEach((row, i) => row.classList.toggle("is-active", i === index));
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    deck.select(index);
  };
  buttons.forEach((button, i) => button.addEventListener("click", () => select(i)));
  rows.forEach((row, i) => row.querySelector(".bl-pictures").addEventListener("click", (event) => {
    deck.moveToClick(event);
    select(i);
  }));
  const notes = root.querySelector(".bl-notes");
  notes?.addEventListener("click", () => {
    const shown = notes.getAttribute("aria-pressed") !== "true";
    notes.setAttribute("aria-pressed", String(shown));
    for (const roll of root.querySelectorAll(".bl-roll")) roll.toggleAttribute("hidden", !shown);
  });
  select(0);
});
