/**
 * What each gesture means to a chart: deltas in, changes of the model out.
 *
 * @module chart/input
 */

import { CURSOR, FULL } from './model/invalidation.js';
import { glide } from './model/kinetic.js';
import { lineAt } from './view/overlay.js';

/**
 * @import { AxisDelta, Delta, HoverDelta, LongPressDelta, PanDelta, PinchDelta, TapDelta, WheelDelta } from '../gestures/deltas.js'
 * @import { ChartModel } from './model/chart-model.js'
 * @import { LineEdit } from './model/line-edit.js'
 * @import { LineDrag, PriceLine } from './types.js'
 */

const REACH_TOUCH = 22; // px to either side of a line: a 44 px handle
const REACH_MOUSE = 7;
const UPRIGHT = 0.07; // change of a pinch's height before it scales prices

export class Input {
  #model;
  #edit;
  #say;
  #wake;
  /** @type {'' | 'scroll' | 'cross' | 'line'} what the running pan moves */
  #panning = '';
  #grip = 0; // px from the line to the finger that holds it
  #stretch = 0; // log of the height scale a pinch has asked for so far
  /** @type {{travel: (ms: number) => number, done: (ms: number) => boolean, began: number, gone: number} | null} */
  #glide = null;

  /**
   * @param {ChartModel} model
   * @param {LineEdit} edit
   * @param {(drag: LineDrag) => void} say what a hand did to a line
   * @param {() => void} wake ask for a frame
   */
  constructor(model, edit, say, wake) {
    this.#model = model;
    this.#edit = edit;
    this.#say = say;
    this.#wake = wake;
  }

  /** @param {Delta} delta */
  take(delta) {
    if (delta.type !== 'hover' && delta.type !== 'tap') this.#glide = null;
    if (delta.type === 'pan') this.#pan(delta);
    else if (delta.type === 'pinch') this.#pinch(delta);
    else if (delta.type === 'axisdrag') this.#axis(delta);
    else if (delta.type === 'longpress') this.#longPress(delta);
    else if (delta.type === 'wheel') this.#wheel(delta);
    else if (delta.type === 'hover') this.#hover(delta);
    else if (delta.type === 'tap') this.#tap(delta);
    else this.#doubleTap(delta);
    this.#wake();
  }

  /**
   * Move a glide on.
   * @param {number} now ms of the frame
   * @returns {boolean} whether it goes on
   */
  step(now) {
    const running = this.#glide;
    if (running === null) return false;
    if (running.began < 0) running.began = now;
    const travelled = running.travel(now - running.began);
    const { right } = this.#model.time;
    this.#model.time.pan(travelled - running.gone);
    running.gone = travelled;
    this.#model.stale.raise(FULL);
    if (running.done(now - running.began) || (right === this.#model.time.right && now > running.began)) this.#glide = null;
    return this.#glide !== null;
  }

  /** Stop what runs by itself. */
  rest() {
    this.#glide = null;
  }

  /** @param {PanDelta} delta */
  #pan(delta) {
    const { time, main, cross } = this.#model;
    if (delta.phase === 'start') {
      const line = delta.zone === 'plot' ? lineAt(this.#model, this.#edit, delta.fromY, delta.pointer === 'mouse' ? REACH_MOUSE : REACH_TOUCH) : null;
      this.#panning = line ? 'line' : cross?.tracking ? 'cross' : 'scroll';
      if (line) this.#grab(line, delta.fromY);
      else this.#cancelLine();
    }
    if (this.#panning === 'line') {
      this.#dragLine(delta);
      return;
    }
    if (this.#panning === 'cross' && cross) {
      this.#moveCross(delta);
      return;
    }
    time.pan(delta.dx);
    main.scale.pan(delta.dy);
    this.#model.stale.raise(FULL);
    if (delta.pointer === 'mouse') this.#crossAt(delta.x, delta.y, false);
    if (delta.phase !== 'end') return;
    const flick = glide(delta.vx);
    if (flick) this.#glide = { ...flick, began: -1, gone: 0 };
  }

  /** @param {PriceLine} line @param {number} y where it was taken, which may be a little beside it */
  #grab(line, y) {
    const { main } = this.#model;
    this.#edit.begin(line);
    this.#grip = y - main.top - main.scale.y(this.#edit.price);
  }

  /** @param {PanDelta} delta */
  #dragLine(delta) {
    const { main } = this.#model;
    if (delta.phase === 'end') this.#say(this.#edit.release());
    else this.#say(this.#edit.move(main.scale.onTick(main.scale.price(delta.y - this.#grip - main.top))));
    this.#model.stale.raise(CURSOR);
  }

  /** @param {PinchDelta} delta */
  #pinch(delta) {
    const { time, main } = this.#model;
    if (delta.phase === 'start') this.#stretch = 0;
    this.#stretch += Math.log(delta.sy);
    if (delta.zone !== 'price') {
      time.zoom(delta.sx, delta.x);
      time.pan(delta.dx);
    }
    if (delta.zone !== 'time') {
      if (!main.scale.auto) {
        main.scale.zoom(delta.sy, delta.y - main.top);
        main.scale.pan(delta.dy);
      } else if (Math.abs(this.#stretch) > UPRIGHT) main.scale.zoom(Math.exp(this.#stretch), delta.y - main.top);
    }
    this.#model.stale.raise(FULL);
  }

  /** @param {AxisDelta} delta */
  #axis(delta) {
    const { time, main } = this.#model;
    if (delta.zone === 'price') main.scale.zoom(delta.sy, main.height / 2);
    else time.zoom(delta.sx, time.width);
    this.#model.stale.raise(FULL);
  }

  /** @param {LongPressDelta} delta */
  #longPress(delta) {
    if (delta.zone !== 'plot') return;
    if (delta.phase === 'start') {
      navigator.vibrate?.(10);
      this.#crossAt(delta.x, delta.y, true);
    } else this.#moveCross(delta);
  }

  /** @param {TapDelta} delta */
  #tap(delta) {
    const line = this.#edit;
    if (line.phase === 'armed') {
      const { main } = this.#model;
      const near = Math.abs(main.top + main.scale.y(line.price) - delta.y) <= (delta.pointer === 'mouse' ? REACH_MOUSE * 2 : REACH_TOUCH);
      this.#say(near && delta.zone === 'plot' ? line.send() : line.cancel());
      this.#model.stale.raise(CURSOR);
    } else if (this.#glide !== null) this.#glide = null;
    else if (this.#model.cross?.tracking) this.#model.setCross(null);
    this.#cancelLine();
  }

  /** @param {TapDelta} delta */
  #doubleTap(delta) {
    if (delta.zone === 'price') this.#model.main.scale.auto = true;
    else if (delta.zone === 'time') this.#model.time.reset(this.#model.bars.count);
    else return;
    this.#model.stale.raise(FULL);
  }

  /** @param {WheelDelta} delta */
  #wheel(delta) {
    const { time, main } = this.#model;
    if (delta.zone === 'price') main.scale.zoom(delta.scale, delta.y - main.top);
    else {
      time.zoom(delta.scale, Math.min(delta.x, time.width));
      time.pan(delta.dx);
    }
    this.#model.stale.raise(FULL);
    if (this.#model.cross && !this.#model.cross.tracking) this.#crossAt(delta.x, delta.y, false);
  }

  /** @param {HoverDelta} delta */
  #hover(delta) {
    if (delta.inside && delta.zone === 'plot') this.#crossAt(delta.x, delta.y, false);
    else if (this.#model.cross && !this.#model.cross.tracking) this.#model.setCross(null);
  }

  /** @param {number} x @param {number} y @param {boolean} tracking */
  #crossAt(x, y, tracking) {
    this.#exact = { x, y };
    this.#model.setCross({ index: Math.round(this.#model.time.index(x)), y, tracking });
  }

  /** Where the crosshair would be if bars were endless thin: relative drags add up here. */
  #exact = { x: 0, y: 0 };

  /** @param {{dx: number, dy: number}} delta */
  #moveCross({ dx, dy }) {
    const { time, height } = this.#model;
    const x = Math.max(0, Math.min(time.width, this.#exact.x + dx));
    const y = Math.max(0, Math.min(height, this.#exact.y + dy));
    this.#crossAt(x, y, true);
  }

  /** A touch elsewhere gives a chosen or armed line up. */
  #cancelLine() {
    if (this.#edit.phase === 'armed') this.#say(this.#edit.cancel());
  }
}
