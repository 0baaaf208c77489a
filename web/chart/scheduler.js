/**
 * One animation frame for all charts of the window.
 *
 * @module chart/scheduler
 */

/** @type {Set<(now: number) => void>} */
const waiting = new Set();
let frame = 0;

/** @param {number} now */
function run(now) {
  frame = 0;
  const calls = [...waiting];
  waiting.clear();
  for (const call of calls) call(now);
}

/**
 * Call once in the next frame, however often asked.
 * @param {(now: number) => void} call
 */
export function nextFrame(call) {
  waiting.add(call);
  if (frame === 0) frame = requestAnimationFrame(run);
}

/** @param {(now: number) => void} call */
export function dropFrame(call) {
  waiting.delete(call);
}
