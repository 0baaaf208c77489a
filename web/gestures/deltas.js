/**
 * What the manager gives: one step of a gesture. Types only.
 *
 * @module gestures/deltas
 */

/** @typedef {'start' | 'move' | 'end'} Phase */

/**
 * Places and ways in CSS px of the element, speeds in px/ms, scales as factors. `zone` is where it began, as `zoneAt` named it.
 * @typedef {{type: 'pan', phase: Phase, dx: number, dy: number, vx: number, vy: number, fromX: number, fromY: number, x: number, y: number, zone: string, pointer: string}} PanDelta
 * @typedef {{type: 'pinch', phase: Phase, sx: number, sy: number, dx: number, dy: number, x: number, y: number, zone: string, pointer: string}} PinchDelta
 * @typedef {{type: 'axisdrag', phase: Phase, sx: number, sy: number, x: number, y: number, zone: string, pointer: string}} AxisDelta
 * @typedef {{type: 'longpress', phase: Phase, dx: number, dy: number, x: number, y: number, zone: string, pointer: string}} LongPressDelta
 * @typedef {{type: 'tap' | 'doubletap', x: number, y: number, zone: string, pointer: string}} TapDelta
 * @typedef {{type: 'wheel', dx: number, dy: number, scale: number, x: number, y: number, zone: string, pointer: string}} WheelDelta
 * @typedef {{type: 'hover', x: number, y: number, inside: boolean, zone: string, pointer: string}} HoverDelta
 * @typedef {PanDelta | PinchDelta | AxisDelta | LongPressDelta | TapDelta | WheelDelta | HoverDelta} Delta
 */

export {};
