/**
 * The shapes the chart takes and gives. Types only; nothing runs here.
 *
 * Times are milliseconds since the epoch, UTC (the axis shows IST). Prices and volumes are numbers: the chart is analytics,
 * money never passes through it.
 *
 * @module chart/types
 */

/**
 * Bars as columns, oldest first, `t` strictly rising. This is the body of GET /api/v1/bars as it comes.
 * @typedef {object} BarColumns
 * @property {ArrayLike<number>} t start of each bar, ms
 * @property {ArrayLike<number>} o
 * @property {ArrayLike<number>} h
 * @property {ArrayLike<number>} l
 * @property {ArrayLike<number>} c
 * @property {ArrayLike<number>} [v] volume; absent = zeros
 */

/**
 * @typedef {object} Bar
 * @property {number} t start of the bar, ms
 * @property {number} o
 * @property {number} h
 * @property {number} l
 * @property {number} c
 * @property {number} [v]
 */

/** @typedef {'candles' | 'heikin' | 'line' | 'area'} ChartKind */

/**
 * Colours and type as plain CSS values; `readTheme(el)` of chart/theme.js fills one from the page's custom properties.
 * @typedef {object} ChartTheme
 * @property {string} surface
 * @property {string} raised
 * @property {string} line
 * @property {string} text
 * @property {string} muted
 * @property {string} faint
 * @property {string} accent
 * @property {string} accentBg
 * @property {string} up
 * @property {string} down
 * @property {string} warn
 * @property {string} font CSS font family
 */

/**
 * A horizontal line at a price: an order, a position, an alert.
 * @typedef {object} PriceLine
 * @property {string} id
 * @property {number} price
 * @property {string} label short words, "SL −₹2,210"
 * @property {string} [detail] more words, "65 qty"
 * @property {'up' | 'down' | 'accent' | 'warn' | 'muted'} [tone] default accent
 * @property {boolean} [dashed] default true
 * @property {boolean} [draggable] default false
 */

/**
 * What a drag of a line says. `move` while the finger moves, `arm` when it lets go, `send` when the armed line is tapped,
 * `cancel` when it is given up. Only `send` may lead to an order.
 * @typedef {object} LineDrag
 * @property {'move' | 'arm' | 'send' | 'cancel'} phase
 * @property {string} id
 * @property {number} from the price the line came from
 * @property {number} price the price it stands at, on the instrument's tick
 */

/**
 * An indicator to draw: `kind` names a file of chart/indicators.
 * @typedef {object} IndicatorSpec
 * @property {string} id unique in this chart
 * @property {string} kind
 * @property {Record<string, number>} [params] periods and so on; absent = the indicator's defaults
 */

/**
 * What the crosshair stands on, or null when there is none.
 * @typedef {object} CrosshairAt
 * @property {number} index
 * @property {Bar} bar
 * @property {number} price price under the crosshair, not the bar's
 */

/**
 * @typedef {object} ChartOptions
 * @property {ChartTheme} theme
 * @property {ChartKind} [kind] default candles
 * @property {boolean} [volume] show the volume pane; default true
 * @property {number} [tick] the instrument's price step; default 0.05
 * @property {number} [interval] ms of a bar; default 60000. A day or more turns session breaks off.
 * @property {ChartWords} words texts out of the catalogue
 */

/**
 * @typedef {object} ChartWords
 * @property {string} label what a screen reader says the chart is, "NIFTY 50, 3 minutes"
 * @property {string} goLive
 * @property {string} empty said in the middle while there are no bars
 * @property {string} tapToSend
 * @property {string} keys how the chart is used by key, read once by screen readers
 */

/**
 * @typedef {object} Chart
 * @property {(columns: BarColumns, context?: {tick?: number, interval?: number, label?: string, keepView?: boolean}) => void} setBars
 *   replaces all bars; shows the newest unless keepView
 * @property {(bar: Bar) => boolean} update replaces the bar of the same `t` or appends a later one; false when it is too old or not finite
 * @property {(columns: BarColumns) => number} prepend puts older bars in front, keeps the view still; gives how many were taken
 * @property {(kind: ChartKind) => void} setKind
 * @property {(shown: boolean) => void} setVolume
 * @property {(specs: IndicatorSpec[]) => void} setIndicators
 * @property {(lines: PriceLine[]) => void} setLines
 * @property {(theme: ChartTheme) => void} setTheme
 * @property {(words: string) => void} setMessage words in the middle of an empty chart
 * @property {(call: (oldest: number) => void) => () => void} onNeedOlder asked once each time the left edge nears; gives the oldest `t` held.
 *   Answer with prepend(); an empty prepend ends the asking. Returns the undo.
 * @property {(call: (drag: LineDrag) => string | void) => () => void} onLineDrag words given back are shown beside the finger
 * @property {(call: (at: CrosshairAt | null) => void) => () => void} onCrosshair
 * @property {(call: (view: {from: number, to: number, live: boolean}) => void) => () => void} onView
 * @property {() => void} goLive
 * @property {(bars: number) => void} show the newest `bars` bars in view
 * @property {(pixels: number) => void} pan drag by CSS px; positive = towards the past
 * @property {(factor: number) => void} zoom about the middle; above 1 = closer
 * @property {() => {from: number, to: number, live: boolean}} view indexes in view and whether the newest bar is
 * @property {() => number} count bars held
 * @property {() => void} destroy
 */

export {};
