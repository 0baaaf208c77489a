/**
 * What the chart needs of a gesture manager. Chart and gestures are siblings and do not import each other: the view hands
 * `manageGestures` of web/gestures to `createChart`. Types only.
 *
 * @module chart/gesture-port
 */

/**
 * One step of a gesture, in CSS px relative to the element. `zone` is where it began, as `zoneAt` named it.
 * @typedef {{type: 'pan', phase: 'start' | 'move' | 'end', dx: number, dy: number, vx: number, vy: number, x: number, y: number, zone: string, pointer: string}} PanDelta
 * @typedef {{type: 'pinch', phase: 'start' | 'move' | 'end', sx: number, sy: number, dx: number, dy: number, x: number, y: number, zone: string, pointer: string}} PinchDelta
 * @typedef {{type: 'axisdrag', phase: 'start' | 'move' | 'end', sx: number, sy: number, x: number, y: number, zone: string, pointer: string}} AxisDelta
 * @typedef {{type: 'longpress', phase: 'start' | 'move' | 'end', dx: number, dy: number, x: number, y: number, zone: string, pointer: string}} LongPressDelta
 * @typedef {{type: 'tap' | 'doubletap', x: number, y: number, zone: string, pointer: string}} TapDelta
 * @typedef {{type: 'wheel', dx: number, dy: number, scale: number, x: number, y: number, zone: string, pointer: string}} WheelDelta
 * @typedef {{type: 'hover', x: number, y: number, inside: boolean, zone: string, pointer: string}} HoverDelta
 * @typedef {PanDelta | PinchDelta | AxisDelta | LongPressDelta | TapDelta | WheelDelta | HoverDelta} Delta
 */

/**
 * @typedef {object} GestureOptions
 * @property {(x: number, y: number) => string} zoneAt names the part of the element at a place
 * @property {Record<string, 'x' | 'y'>} axes zones whose drag scales along one direction
 * @property {(delta: Delta) => void} onDelta
 */

/** @typedef {(element: HTMLElement, options: GestureOptions) => {reset: () => void, destroy: () => void}} ManageGestures */

export {};
