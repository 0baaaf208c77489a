/**
 * The shape of a strategy in a thumbnail: its profit at expiry over a spot, as two paths of an SVG. Shapes are told by the
 * legs of the template itself, so a glyph cannot lie about it.
 *
 * @module payoff/glyph
 */

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 56;
const HEIGHT = 28;
const PAD = 3;
const POINTS = 61;
const SIGMA = 1.6; // strikes of one deviation, for what is left of a later expiry

/**
 * @typedef {{ side: 'BUY' | 'SELL', kind: string, right: 'CE' | 'PE' | null, lots: number, expiry: number, strike: number }} ShapeLeg
 *   strike in steps from the at-the-money one
 */

/** @param {readonly ShapeLeg[]} legs @returns {[number, number][]} spot in steps and profit, cost taken off */
export function shape(legs) {
  const strikes = legs.filter((leg) => leg.kind === 'OPTION').map((leg) => leg.strike);
  const reach = Math.max(3, ...strikes.map((one) => Math.abs(one) + 2.2));
  const from = -reach;
  const to = reach;
  const first = Math.min(...legs.map((leg) => (leg.kind === 'EQUITY' ? 0 : leg.expiry)));
  /** @type {[number, number][]} */
  const points = [];
  for (let i = 0; i < POINTS; i += 1) {
    const spot = from + ((to - from) * i) / (POINTS - 1);
    points.push([spot, legs.reduce((sum, leg) => sum + (leg.side === 'BUY' ? 1 : -1) * leg.lots * (worth(leg, spot, leg.expiry > first) - cost(leg)), 0)]);
  }
  return points;
}

/** @param {ShapeLeg} leg @param {number} spot @param {boolean} alive a later expiry still has time in it */
function worth(leg, spot, alive) {
  if (leg.kind !== 'OPTION') return spot;
  const inside = leg.right === 'CE' ? spot - leg.strike : leg.strike - spot;
  return alive ? bachelier(inside, SIGMA * 0.9) : Math.max(0, inside);
}

/** Entry price: what an option at that distance costs in a normal world. @param {ShapeLeg} leg */
function cost(leg) {
  if (leg.kind !== 'OPTION') return 0;
  return bachelier(leg.right === 'CE' ? -leg.strike : leg.strike, SIGMA * (leg.expiry > 0 ? 1.35 : 1));
}

/** Expected part above zero of a normal around `m`. @param {number} m @param {number} s */
function bachelier(m, s) {
  const z = m / s;
  // the logistic is close enough to the normal for a thumbnail
  const p = 1 / (1 + Math.exp(-1.702 * z));
  return m * p + s * Math.exp(-0.5 * z * z) * 0.3989;
}

/** @param {readonly ShapeLeg[]} legs @returns {SVGSVGElement} */
export function glyph(legs) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'glyph');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('aria-hidden', 'true');
  const points = shape(legs);
  const low = Math.min(0, ...points.map(([, value]) => value));
  const high = Math.max(0, ...points.map(([, value]) => value));
  const x = (/** @type {number} */ i) => PAD + ((WIDTH - PAD * 2) * i) / (points.length - 1);
  const y = (/** @type {number} */ value) => PAD + (HEIGHT - PAD * 2) * (1 - (value - low) / (high - low || 1));
  const zero = y(0);
  const line = points.map(([, value], i) => `${i === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  const over = points.map(([, value], i) => `${i === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(Math.max(0, value)).toFixed(1)}`).join('');
  const under = points.map(([, value], i) => `${i === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(Math.min(0, value)).toFixed(1)}`).join('');
  const close = `L${WIDTH - PAD} ${zero.toFixed(1)}L${PAD} ${zero.toFixed(1)}Z`;
  for (const [cls, d] of [['glyph-up', over + close], ['glyph-down', under + close], ['glyph-zero', `M${PAD} ${zero.toFixed(1)}H${WIDTH - PAD}`], ['glyph-line', line]]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', cls);
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}
