/** The plane of guidance: its lengths are the standard deviations of the estimates themselves. */

import test from "node:test";

import { close, engine } from "./helpers.mjs";

const { guidedIn, spread, spreads, triangleOf } = await engine("geometry");
const { guidedDenoiser } = await engine("guidance");
const { normal } = await engine("random");

const SIZE = 320;
const two = { free: normal(1n, SIZE).map((x) => 0.5 * x + 0.2), conditional: normal(2n, SIZE).map((x) => 0.8 * x - 0.1) };

test("both estimates, and what is between and beyond, have the lengths of their standard deviations", () => {
  const triangle = triangleOf(two);
  const apart = spread(two.conditional.map((c, i) => c - two.free[i]));
  close([Math.hypot(...triangle.free)], [spread(two.free)], 1e-6, "free");
  close([Math.hypot(...triangle.conditional)], [spread(two.conditional)], 1e-6, "conditional");
  close([triangle.conditional[0] - triangle.free[0], triangle.conditional[1]], [apart, triangle.free[1]], 1e-6, "line");
  for (const guidance of [0, 0.5, 1, 6, 20]) {
    const line = two.free.map((u, i) => u + guidance * (two.conditional[i] - u));
    close([Math.hypot(...guidedIn(triangle, guidance, 0).guided)], [spread(line)], 1e-4, `w = ${guidance}`);
  }
});

test("the rescaled point is the estimate of the denoiser, which tells both of its branches", async () => {
  let told = null;
  const network = async () => Float32Array.from([...two.conditional, ...two.free].map((x) => -x)); // at t = 1, c = -v
  for (const phi of [0, 0.7, 1]) {
    const sounding = new Array(10).fill(true);
    const denoise = guidedDenoiser(network, new Float32Array(10), { guidance: 6, phi }, sounding, (both) => (told = both));
    const c = await denoise(normal(3n, SIZE), 1);
    const triangle = triangleOf(told);
    close([Math.hypot(...guidedIn(triangle, 6, phi).final)], [spread(c)], 1e-4, `phi = ${phi}`);
    close(spreads(triangle, 6, phi).match(/[\d.]+$/), [spread(c).toFixed(2)], 1e-9, "in words");
  }
});
