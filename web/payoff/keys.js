/**
 * The payoff by keyboard: every gesture has a key.
 *
 * | key | does |
 * |---|---|
 * | left, right (down, up) | move the spot by a step; Shift: ten |
 * | Page Up, Page Down | to the next strike, breakeven or the spot itself |
 * | Home, End | to either end of what is in view |
 * | + − 0 | closer, further, everything |
 * | [ ] | the next handle of a strike; then Alt + left, right moves it a strike |
 * | Escape | back to the market's spot |
 *
 * @module payoff/keys
 */

/**
 * @import { PayoffModel } from './model/payoff-model.js'
 */

const STEPS = 200; // of the view, a key press

/**
 * @param {KeyboardEvent} event
 * @param {PayoffModel} model
 * @param {{ scrub: (spot: number | null) => void, nextHandle: (way: 1 | -1) => void, moveHandle: (way: 1 | -1) => void }} act
 * @returns {boolean} whether the key was ours
 */
export function handleKey(event, model, act) {
  if (!model.known || event.ctrlKey || event.metaKey) return false;
  const { key } = event;
  const way = key === 'ArrowRight' || key === 'ArrowUp' ? 1 : key === 'ArrowLeft' || key === 'ArrowDown' ? -1 : 0;
  if (way !== 0) {
    if (event.altKey) act.moveHandle(way);
    else act.scrub(model.spot + (way * (model.to - model.from) * (event.shiftKey ? 10 : 1)) / STEPS);
    return true;
  }
  if (event.altKey) return false;
  if (key === 'PageUp' || key === 'PageDown') {
    const near = (model.to - model.from) * 1e-6;
    const marks = model.marks.filter((mark) => mark.at > model.from && mark.at < model.to);
    const next = key === 'PageUp' ? marks.find((mark) => mark.at > model.spot + near) : marks.reverse().find((mark) => mark.at < model.spot - near);
    if (next) act.scrub(next.at);
    return true;
  }
  if (key === 'Home') act.scrub(model.from);
  else if (key === 'End') act.scrub(model.to);
  else if (key === 'Escape') {
    if (model.cursor === null) return false;
    act.scrub(null);
  } else if (key === '+' || key === '=') model.zoom(1.25, model.x(model.spot));
  else if (key === '-' || key === '_') model.zoom(0.8, model.x(model.spot));
  else if (key === '0') model.fitView();
  else if (key === '[' || key === ']') act.nextHandle(key === ']' ? 1 : -1);
  else return false;
  return true;
}
