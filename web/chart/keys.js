/**
 * The chart by keyboard: every gesture has a key.
 *
 * | key | does |
 * |---|---|
 * | left, right | crosshair by a bar (Ctrl: ten) |
 * | Shift + left, right | scroll |
 * | + − | zoom; Shift + up, down: the price scale |
 * | a | automatic price scale |
 * | Home, End | oldest, newest |
 * | o | choose the next line that can be moved; up, down move it by a tick (Ctrl: ten), Enter arms and sends |
 * | Escape | crosshair off, line given up |
 *
 * @module chart/keys
 */

import { CURSOR, FULL } from './model/invalidation.js';

/**
 * @import { ChartModel } from './model/chart-model.js'
 * @import { LineEdit } from './model/line-edit.js'
 * @import { LineDrag } from './types.js'
 */

const ZOOM = 1.25;

/**
 * @param {KeyboardEvent} event
 * @param {ChartModel} model
 * @param {LineEdit} edit
 * @param {(drag: LineDrag) => void} say
 * @returns {'' | 'view' | 'cross' | 'line'} what it changed; '' = the key is not ours
 */
export function handleKey(event, model, edit, say) {
  const { time, main } = model;
  const far = event.ctrlKey || event.metaKey;
  const { key } = event;
  if (event.altKey || (far && !key.startsWith('Arrow'))) return '';
  if (key === 'ArrowLeft' || key === 'ArrowRight') {
    const way = key === 'ArrowLeft' ? -1 : 1;
    if (!event.shiftKey) return moveCross(model, way * (far ? 10 : 1));
    time.pan((-way * time.width) / 8);
    return whole(model);
  }
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    const way = key === 'ArrowUp' ? 1 : -1;
    if (!event.shiftKey) return moveLine(model, edit, say, way * (far ? 10 : 1));
    main.scale.zoom(way > 0 ? ZOOM : 1 / ZOOM, main.height / 2);
    return whole(model);
  }
  if (key === '+' || key === '=' || key === '-' || key === '_') {
    time.zoom(key === '+' || key === '=' ? ZOOM : 1 / ZOOM, time.live ? time.x(model.bars.count - 1) : time.width / 2);
    return whole(model);
  }
  if (key === 'a') main.scale.auto = true;
  else if (key === 'Home') time.pan(model.bars.count * time.spacing);
  else if (key === 'End') time.goLive();
  else if (key === 'o') return chooseLine(model, edit);
  else if (key === 'Enter') return confirmLine(model, edit, say);
  else if (key === 'Escape') return giveUp(model, edit, say);
  else return '';
  return whole(model);
}

/** @param {ChartModel} model */
function whole(model) {
  model.stale.raise(FULL);
  return /** @type {const} */ ('view');
}

/** @param {ChartModel} model @param {number} by bars */
function moveCross(model, by) {
  const { bars, time, main, cross } = model;
  if (bars.count === 0) return '';
  const start = cross ? cross.index + by : Math.min(bars.count - 1, time.to);
  const index = Math.max(0, Math.min(bars.count - 1, start));
  if (index > time.to) time.pan((time.to - index) * time.spacing);
  if (index < time.from) time.pan((time.from - index) * time.spacing);
  model.setCross({ index, y: main.top + main.scale.y(bars.c[index]), tracking: true });
  model.stale.raise(FULL);
  return 'cross';
}

/** @param {ChartModel} model @param {LineEdit} edit */
function chooseLine(model, edit) {
  const movable = model.lines.filter((line) => line.draggable);
  if (movable.length === 0) return '';
  const next = movable[(movable.findIndex((line) => line.id === edit.id) + 1) % movable.length];
  edit.choose(next);
  model.stale.raise(CURSOR);
  return 'line';
}

/** @param {ChartModel} model @param {LineEdit} edit @param {(drag: LineDrag) => void} say @param {number} by ticks */
function moveLine(model, edit, say, by) {
  if (edit.phase === 'idle') return '';
  const line = model.lines.find((one) => one.id === edit.id);
  if (line === undefined) return '';
  edit.begin(line);
  say(edit.move(model.main.scale.onTick(edit.price + by * model.tick)));
  model.stale.raise(CURSOR);
  return 'line';
}

/** @param {ChartModel} model @param {LineEdit} edit @param {(drag: LineDrag) => void} say */
function confirmLine(model, edit, say) {
  if (edit.phase === 'dragging') say(edit.release());
  else if (edit.phase === 'armed') say(edit.send());
  else return '';
  model.stale.raise(CURSOR);
  return 'line';
}

/** @param {ChartModel} model @param {LineEdit} edit @param {(drag: LineDrag) => void} say */
function giveUp(model, edit, say) {
  if (edit.phase !== 'idle') {
    say(edit.cancel());
    model.stale.raise(CURSOR);
    return 'line';
  }
  if (model.cross === null) return '';
  model.setCross(null);
  return 'cross';
}
