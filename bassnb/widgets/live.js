upgradeAll(".bassnb-live", (root) => {
  if (location.protocol === "file:") return; // a page that is opened as a file loads no modules
  import("../_static/bassnb/live.mjs").then(({ live }) => live(root, makeDeck), () => undefined);
});
