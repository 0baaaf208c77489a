/**
 * What a page is given. Views import store, widgets, chart, gestures and format only; everything that reaches the
 * server comes through this object, which `app/wiring.js` builds.
 *
 * A page is a folder under views/ whose index.js exports `create(ctx) -> Page`.
 */

/**
 * @typedef {object} Page
 * @property {HTMLElement} el the page's root; the frame puts it into <main>
 * @property {() => void} [destroy] drop subscriptions, timers and listeners
 * @property {(params: URLSearchParams) => void} [update] the address changed within the page
 */

/**
 * Prices for a chart.
 * @typedef {object} ChartFeed
 * @property {(key: string, interval: string, end: number | null, limit: number) => Promise<Bars>} history
 *   bars with start < end (null = up to now), newest `limit`, oldest first
 * @property {(key: string, interval: string, onBar: (bar: LiveBar) => void) => () => void} subscribe
 *   live bar of a series; returns the unsubscribe
 */

/** @typedef {import('../format/wire.js').Bars} Bars */
/** @typedef {{ t: number, o: number, h: number, l: number, c: number, v: number, oi: number }} LiveBar t = start, ms */

/**
 * @typedef {object} Ctx
 * @property {import('../store/store.js').Store} store
 * @property {import('../format/ports.js').Api} api calls to the server; every call may throw an ApiProblem
 * @property {ChartFeed} feed
 * @property {(name: string, params?: Record<string, string>) => void} go open a page
 * @property {(spec: TicketSpec) => void} ticket open the order ticket
 * @property {(key: string, how?: { byKey?: boolean }) => void} detail show an instrument: sheet on a phone, right panel on a desktop (byKey: the focus goes with it)
 * @property {(spec: ToastSpec) => void} toast say something at the foot of the screen
 * @property {(problem: unknown, prefix?: string) => void} problem say what went wrong, in the server's words
 * @property {(owner: string, keys: string[]) => void} watch quotes this owner shows; replaces its earlier set
 * @property {(owner: string, keys: string[]) => void} depth the same for depth
 * @property {(owner: string, chains: ChainAsked[]) => void} chains the same for option chains; they come as the slice `chains`
 * @property {(title: string, el: HTMLElement, options?: SheetOptions) => SheetHandle} sheet open a sheet or dialog
 * @property {() => string} uid an id that is unique without a secure context
 * @property {(name: string) => void} command run a command by name: palette, market, kill, settings, theme, basket
 * @property {(request: import('../format/wire.js').OrderRequest) => Promise<Outcome>} send place an order once; never throws
 * @property {(...names: ListName[]) => Promise<void>} load read lists again over HTTP
 * @property {(keys: string[]) => void} ensure learn the instruments of these keys
 * @property {(change: Partial<import('../format/wire.js').Preferences>) => void} prefer change and keep preferences
 * @property {(lists: import('../format/wire.js').Watchlist[]) => Promise<void>} saveWatchlists
 * @property {(account: string) => void} useAccount switch to another account and its market
 * @property {(market: import('../format/wire.js').Market) => void} marketIs a market as an answer told it
 * @property {() => boolean} phone whether the screen is phone-sized (< 700 px)
 * @property {() => boolean} wide whether list and ticket stand beside the page (>= 1100 px)
 * @property {(page: string) => void} detach open a page in a window of its own
 */

/** @typedef {{ underlying: string, expiry: string, strikes: number }} ChainAsked underlying: key; strikes: each side of the money, 0 for all */

/**
 * What became of an order that was sent.
 * @typedef {{ kind: 'sent', order: import('../format/wire.js').Order }
 *   | { kind: 'refused', problem: import('../format/wire.js').Problem }
 *   | { kind: 'unknown' }} Outcome
 */
/** @typedef {'orders' | 'trades' | 'positions' | 'holdings' | 'funds' | 'triggers' | 'parents' | 'baskets' | 'strategies' | 'watchlists' | 'overview' | 'system' | 'kill' | 'markets' | 'preferences'} ListName */

/**
 * @typedef {{ key: string, side?: 'BUY' | 'SELL', quantity?: number, type?: string, product?: string, price?: string,
 *   trigger?: string, modify?: import('../format/wire.js').Order, gtt?: boolean }} TicketSpec
 */
/** @typedef {{ text: string, level?: 'good' | 'info' | 'warn' | 'bad', id?: string, action?: string, run?: () => void, seconds?: number }} ToastSpec */
/** @typedef {{ onClose?: () => void, wide?: boolean, bare?: boolean }} SheetOptions bare: the body brings its own head */
/** @typedef {{ close: () => void, el: HTMLElement }} SheetHandle */

export {};
