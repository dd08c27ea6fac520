upgradeAll(".bassnb-flip", (root) => {
  const slider = root.querySelector(".bl-slider input");
  const values = JSON.parse(slider.dataset.values);
  const images = [...root.querySelectorAll("img")];
  const show = () => {
    const place = Number(slider.value);
    slider.setAttribute("aria-valuetext", values[place]);
    root.querySelector(".bl-value").textContent = values[place];
    images.forEach((image, i) => { image.hidden = i !== place; });
  };
  slider.addEventListener("input", show);
  show();
});
