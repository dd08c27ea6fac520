/** The estimates of guidance in the plane in which all of them lie. */

/** @param {Float32Array} x */
export function spread(x) {
  return Math.sqrt(product(x, x));
}

/**
 * Covariance of two estimates over channels and time.
 * @param {Float32Array} x
 * @param {Float32Array} y
 */
function product(x, y) {
  let [both, one, other] = [0, 0, 0];
  x.forEach((value, i) => {
    both += value * y[i];
    one += value;
    other += y[i];
  });
  return both / x.length - (one / x.length) * (other / x.length);
}

/** @typedef {[number, number]} Point */
/** @typedef {{free: Point, conditional: Point}} Triangle */

/**
 * Two estimates in the plane that they span with their mean, 0: a length is a standard deviation, and the
 * line from one to the other is level.
 * @param {{free: Float32Array, conditional: Float32Array}} both
 * @returns {Triangle}
 */
export function triangleOf({ free, conditional }) {
  const [one, both, other] = [product(free, free), product(free, conditional), product(conditional, conditional)];
  const apart = Math.sqrt(Math.max(one - 2 * both + other, 1e-12));
  const height = Math.sqrt(Math.max(other - ((other - both) / apart) ** 2, 0));
  return { free: [(both - one) / apart, height], conditional: [(other - both) / apart, height] };
}

/**
 * The guided estimate, and what the rescale makes of it: both lie in the same plane.
 * @param {Triangle} triangle
 * @param {number} guidance
 * @param {number} phi
 * @returns {{guided: Point, final: Point}}
 */
export function guidedIn({ free, conditional }, guidance, phi) {
  const guided = /** @type {Point} */ (free.map((u, i) => u + guidance * (conditional[i] - u)));
  const factor = phi * (Math.hypot(...conditional) / Math.hypot(...guided)) + 1 - phi;
  return { guided, final: /** @type {Point} */ (guided.map((x) => x * factor)) };
}

/**
 * The lengths in the picture, in words.
 * @param {Triangle} triangle
 * @param {number} guidance
 * @param {number} phi
 */
export function spreads(triangle, guidance, phi) {
  const { guided, final } = guidedIn(triangle, guidance, phi);
  const of = (/** @type {Point} */ point) => Math.hypot(...point).toFixed(2);
  return (
    `without the mix ${of(triangle.free)}, with it ${of(triangle.conditional)}, ` +
    `guided ${of(guided)}, after the rescale ${of(final)}`
  );
}
