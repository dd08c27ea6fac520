// Arrow keys, space and page keys lead from slide to slide; players and sliders keep their own keys.
const slides = [...document.querySelectorAll("section")];
const forward = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1 };
document.addEventListener("keydown", (event) => {
  if (!(event.key in forward) || event.target !== document.body) return;
  event.preventDefault();
  const here = slides.findIndex((slide) => slide.getBoundingClientRect().bottom > innerHeight / 2);
  slides[Math.min(Math.max(here + forward[event.key], 0), slides.length - 1)].scrollIntoView();
});
