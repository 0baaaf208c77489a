/**
 * Touch, mouse, pen and trackpad as one kind of thing: deltas.
 *
 * | type | figures |
 * |---|---|
 * | pan | phase, dx, dy px, fromX, fromY where it went down; at `end` also vx, vy px/ms |
 * | pinch | phase, sx, sy factors, dx, dy px |
 * | axisdrag | phase, sx or sy factor of the zone's axis |
 * | longpress | phase, dx, dy px since the last step |
 * | tap, doubletap | |
 * | wheel | dx px, scale factor |
 * | hover | inside |
 *
 * All carry x, y (px in the element), zone (where it began) and pointer (mouse, touch, pen).
 *
 * @module gestures
 */

export { hold } from './hold.js';
export { manageGestures } from './manager.js';
export { swipe } from './swipe.js';
