/** Shapes of what the server sends, as the store keeps them (money and prices of the order path are decimal strings). */

/**
 * @typedef {object} Instrument
 * @property {string} key
 * @property {string} symbol
 * @property {string} exchange
 * @property {'INDEX' | 'EQUITY' | 'FUTURE' | 'OPTION' | 'CURRENCY' | 'CRYPTO'} kind
 * @property {string} name
 * @property {string} title
 * @property {string} segment
 * @property {number} lot
 * @property {string} tick
 * @property {string} unit what one unit of quantity is: 1, or the step where fractions trade
 * @property {number} least smallest quantity of an order, in units
 * @property {string | null} least_value smallest value of an order, in its currency
 * @property {string} currency what prices are quoted in
 * @property {number | null} freeze
 * @property {string | null} expiry
 * @property {string | null} strike
 * @property {'CE' | 'PE' | null} right
 * @property {string} underlying
 * @property {string} barred why nothing may be placed in it, in words; empty for most
 * @property {boolean} tradable
 * @property {string} label NIFTY 24500 CE
 * @property {string} sub 1 Dec · weekly
 * @property {string[]} order_types order types the exchange takes for it; empty for an index
 */

/** @typedef {'BUY' | 'SELL'} Side */
/** @typedef {'MARKET' | 'LIMIT' | 'SL' | 'SL-M'} OrderType */
/** @typedef {'MIS' | 'NRML' | 'CNC'} Product */
/** @typedef {'DENIED' | 'SUBMITTING' | 'UNKNOWN' | 'OPEN' | 'PARTIAL' | 'FILLED' | 'CANCELLED' | 'REJECTED' | 'EXPIRED'} OrderState */

/**
 * @typedef {object} Order
 * @property {string} id
 * @property {string} account
 * @property {string} market
 * @property {string} broker
 * @property {'PAPER' | 'LIVE'} mode
 * @property {string} key
 * @property {Side} side
 * @property {number} quantity
 * @property {OrderType} type
 * @property {Product} product
 * @property {string | null} price
 * @property {string | null} trigger
 * @property {'DAY' | 'IOC'} validity
 * @property {number} disclosed
 * @property {boolean} after_market
 * @property {string} tag
 * @property {string} request_id
 * @property {string} parent
 * @property {string} origin
 * @property {OrderState} state
 * @property {number} filled
 * @property {string | null} average
 * @property {boolean} triggered
 * @property {string} broker_id
 * @property {string} reason
 * @property {string | null} reference
 * @property {string} created
 * @property {string} created_market
 * @property {string} updated
 * @property {number} revision
 * @property {string} unit what one unit of its quantities is
 */

/**
 * @typedef {object} OrderRequest
 * @property {string} account
 * @property {string} key
 * @property {Side} side
 * @property {number} quantity
 * @property {string} [unit] the unit that quantity was counted in; refused when the exchange's step has changed
 * @property {OrderType} type
 * @property {Product} product
 * @property {string} [price]
 * @property {string} [trigger]
 * @property {'DAY' | 'IOC'} [validity]
 * @property {number} [disclosed]
 * @property {string} [protection]
 * @property {boolean} [after_market]
 * @property {string} [tag]
 * @property {string} request_id
 */

/**
 * @typedef {object} Fill
 * @property {string} execution
 * @property {string} account
 * @property {string} order
 * @property {string} key
 * @property {Side} side
 * @property {number} quantity
 * @property {string} price
 * @property {string} at
 * @property {string} at_market
 * @property {string} liquidity
 * @property {string} unit
 */

/** @typedef {{ brokerage: string, stt: string, exchange: string, sebi: string, gst: string, stamp: string, other: string, depository?: string, total?: string }} Charges */
/** @typedef {{ fill: Fill, charges: Charges, charges_total: string, realised: string }} Trade */

/**
 * @typedef {object} Position
 * @property {string} account
 * @property {string} key
 * @property {Product} product
 * @property {number} quantity signed units
 * @property {string} unit what one unit is
 * @property {string | null} average
 * @property {Instrument} instrument
 * @property {string | null} ltp
 * @property {number | null} age
 * @property {boolean} stale
 * @property {string | null} mtm
 * @property {string | null} day_mtm
 * @property {string} realised
 * @property {string} charges
 * @property {string | null} value
 * @property {string | null} [marked]
 * @property {number} buy_quantity
 * @property {string} buy_value
 * @property {number} sell_quantity
 * @property {string} sell_value
 */

/** @typedef {{ mtm: string, realised: string, charges: string, net: string, day: string }} Totals */

/**
 * @typedef {object} Funds
 * @property {string} cash
 * @property {string} margin
 * @property {string} free
 * @property {string} capital
 * @property {string} positions value at cost
 * @property {string} realised
 * @property {string} realised_today
 * @property {string} unrealised
 * @property {string} charges
 * @property {string} charges_today
 * @property {string} tax
 * @property {string} tax_today
 * @property {string} equity
 */

/** @typedef {{ at: string, at_market: string, transaction: string, kind: string, key: string, reference: string, book: string, amount: string, balance: string }} Statement */

/**
 * @typedef {object} Market
 * @property {string} id
 * @property {number} number
 * @property {'simulated' | 'replay' | 'live'} kind
 * @property {string} label
 * @property {'running' | 'paused' | 'halted' | 'ended' | 'failed'} state
 * @property {string} scenario
 * @property {number} speed
 * @property {string} day
 * @property {string} market_time
 * @property {Phase} phase
 * @property {string | null} phase_until
 * @property {string} source
 * @property {string} detail
 */
/** @typedef {'preopen' | 'continuous' | 'closing_auction' | 'post_close' | 'closed'} Phase */

/** @typedef {{ id: string, title: string, broker: string, market: string, mode: 'PAPER' | 'LIVE', currency: string }} Account */
/** @typedef {{ engaged: boolean, reason: string, since: string | null }} KillSwitch */

/**
 * @typedef {object} Session
 * @property {string} version
 * @property {string} boot
 * @property {string} mode
 * @property {Account[]} accounts
 * @property {Market[]} markets
 * @property {string} default_account
 * @property {number} heartbeat
 * @property {KillSwitch} kill_switch
 * @property {[number, number]} brokers live accounts connected, and all of them
 * @property {Record<string, string | null>} ending accounts whose session ends soon, with when; null when it has ended
 * @property {Record<string, string>} order_routes account in which a segment's tickets begin
 * @property {Record<string, any>} preferences
 */

/** @typedef {{ id: string, name: string, keys: string[] }} Watchlist */
/** @typedef {{ at: string, level: string, text: string, subject: string }} Notice */
/** @typedef {{ side: Side, quantity: number, trigger: string, price: string }} TriggerLeg */
/** @typedef {{ id: string, account: string, key: string, product: Product, kind: 'single' | 'oco', state: string, legs: TriggerLeg[], created?: string, reason?: string, unit?: string }} Trigger */
/** @typedef {{ account: string, kind: 'iceberg' | 'cover' | 'bracket' | 'slices', key: string, side: Side, quantity: number, product: Product, type: 'MARKET' | 'LIMIT', price?: string, slice?: number, stop?: string, target?: string, request_id: string }} ParentRequest */
/** @typedef {{ id: string, account: string, kind: 'iceberg' | 'cover' | 'bracket' | 'slices', key: string, side: Side, quantity: number, product: Product, type: string, price: string | null, slice: number, stop: string | null, target: string | null, state: string, reason: string, filled: number, orders: string[], created: string, unit?: string }} Parent */
/** @typedef {{ id: string, name: string, state: string, on_failure: string, legs: { order_id: string, state: string, reason: string, key?: string }[], created?: string }} Basket */

/**
 * @typedef {object} Problem
 * @property {number} [status]
 * @property {string} code
 * @property {string} detail
 * @property {string} [field]
 * @property {string} [remedy]
 * @property {string} [limit]
 * @property {string} [value]
 * @property {string} [headroom]
 * @property {string} [correlation]
 */

/**
 * @typedef {object} Preview
 * @property {string} value
 * @property {string} premium
 * @property {string} margin_required
 * @property {string} margin_final
 * @property {Charges} charges
 * @property {string | null} breakeven
 * @property {string | null} max_loss
 * @property {string} free_now
 * @property {string} free_after
 * @property {string | null} day_loss_room
 * @property {string | null} capital_share
 * @property {string | null} price_used
 * @property {number | null} price_age
 * @property {Problem[]} problems
 * @property {{ code: string, text: string, age: string }[]} notes
 */

/**
 * @typedef {object} Overview
 * @property {{ key: string, label: string, ltp: string | null, change: number | null, change_pct: number | null, close: string | null, spark: number[] }[]} indices
 * @property {{ day: string, realised: string, unrealised: string, charges: string, curve: [number, number][] }} pnl
 * @property {Funds} funds
 * @property {number} margin_share of the account's value, 0..1
 * @property {{ advances: number, declines: number, unchanged: number, universe: number, at_high: number, at_low: number }} breadth
 * @property {{ orders: number, positions: number, unknown: number }} open_risk
 * @property {Notice[]} alerts
 */

/**
 * What a price record says, apart from where and when it was received.
 * @typedef {{ ltp: number | null, bid: number | null, ask: number | null, bidQty: number | null, askQty: number | null,
 *   volume: number | null, oi: number | null, open: number | null, high: number | null, low: number | null,
 *   close: number | null, marketMs: number | null, flags: number }} QuoteFields
 */

/** @typedef {{ interval: string, kind: string, volume: boolean, indicators: string[] }} ChartSettings how the chart page draws */

/** A value of analytics: a fraction or plain number, null when it cannot be told. @typedef {number | null} Told */

/**
 * Figures of one option chain; volatilities are fractions (0.1345 = 13.45 %).
 * @typedef {{ spot: Told, future: Told, forward: Told, forward_source: string, atm_strike: Told, days_left: Told, years: Told, atm_iv: Told,
 *   iv_rank: Told, iv_percentile: Told, rank_source: string, straddle: Told, expected_move: Told, pcr_oi: Told, pcr_volume: Told, max_pain: Told,
 *   gex: Told, gex_flip: Told, call_oi: Told, put_oi: Told, call_volume: Told, put_volume: Told, skew: Told, risk_reversal: Told, butterfly: Told }} ChainSummary
 */
/** @typedef {{ kind: string, rmse: Told, inside: Told, points: number, reason: string }} Fit how well a fitted smile meets the quotes; inside: share of quotes whose bid-ask it meets */
/** @typedef {'long' | 'short' | 'covering' | 'unwinding' | 'none'} BuildUp */

/**
 * One contract of a chain, as read once; prices are decimal strings.
 * @typedef {{ key: string, ltp: string | null, bid: string | null, ask: string | null, bid_qty: Told, ask_qty: Told, close: string | null, volume: Told, oi: Told,
 *   oi_change: Told, build_up: BuildUp, iv: Told, iv_reason: string, delta: Told, gamma: Told, theta: Told, vega: Told, rho: Told, age: Told, stale: boolean }} ChainCell
 */
/** @typedef {{ date: string, days: Told, atm_iv: Told, expected_move: Told }} ChainExpiry */

/**
 * @typedef {{ market: string, underlying: string, name: string, title: string, expiry: string, source: string, at: string, age: number, lot: number,
 *   expiries: ChainExpiry[], summary: ChainSummary, fit: Fit, rows: { strike: string, ce: ChainCell | null, pe: ChainCell | null }[], oi_first: number, notes: string[] }} Chain
 */

/** One side of a chain as the stream brings it, in columns as long as the strikes. @typedef {{ iv: Told[], delta: Told[], gamma: Told[], theta: Told[], vega: Told[], oi_change: Told[], build_up: (BuildUp | null)[] }} ChainColumns */
/** @typedef {{ market: string, underlying: string, expiry: string, t: number, summary: ChainSummary, fit: Fit, strikes: string[], ce: ChainColumns, pe: ChainColumns }} ChainFrame */
/** @typedef {{ key: string, name: string, title: string, kind: 'INDEX' | 'EQUITY', lot: number, expiries: string[] }} Underlying what has options */

/**
 * @typedef {{ expiry: string, days: Told, forward: Told, atm_iv: Told, fit: Fit, skew: Told, risk_reversal: Told, butterfly: Told, put_25: Told, call_25: Told,
 *   points: { strike: number[], iv: Told[], bid_iv: Told[], ask_iv: Told[], right: ('CE' | 'PE')[] }, curve: { strike: number[], iv: Told[] } }} Smile
 */
/** @typedef {{ underlying: string, name: string, market: string, source: string, at: string, age: number }} Sourced where figures come from and how old they are, seconds */
/** @typedef {Sourced & { spot: Told, smiles: Smile[] }} Smiles */
/** @typedef {Sourced & { moneyness: number[], expiries: string[], days: Told[], iv: Told[][], fits: Fit[] }} Surface */
/** @typedef {Sourced & { points: { expiry: string, days: Told, forward: Told, atm_iv: Told, straddle: Told, expected_move: Told }[], shape: 'contango' | 'backwardation' | 'flat' | 'unknown' }} TermStructure */
/** @typedef {{ underlying: string, expiry: string, strike: string | null, at: string, t: number[], straddle: Told[], iv: Told[], spot: Told[] }} StraddleDay */

/**
 * @typedef {{ underlying: string, name: string, at: string, age: number, days: number, spot: Told, atm_iv: Told,
 *   realised: { window: number, close: Told, parkinson: Told, garman_klass: Told, rogers_satchell: Told, yang_zhang: Told }[],
 *   cone: { window: number, min: Told, p25: Told, median: Told, p75: Told, max: Told, now: Told }[],
 *   rank: { iv: Told, rank: Told, percentile: Told, days: number, source: 'own' | 'vix' | 'none', low: Told, high: Told },
 *   history: { t: number[], iv: Told[], realised: Told[] }, premium: Told,
 *   garch: { available: boolean, model: string, forecast: { days: number, volatility: Told }[], persistence: Told, reason: string },
 *   regime: { level: string, slope: string, realised: string } }} VolatilityReport
 */

/**
 * How the app looks and counts, kept on the server and on the device.
 * @typedef {object} Preferences
 * @property {'auto' | 'light' | 'dark'} theme
 * @property {'normal' | 'blind'} palette
 * @property {'cosy' | 'compact'} density
 * @property {'en' | 'hi'} language
 * @property {boolean} short lakh and crore short forms
 * @property {boolean} tint tint a price for a moment when it moves
 * @property {boolean} swap ticket on the left, list on the right
 * @property {number} listWidth
 * @property {number} sideWidth
 * @property {boolean} listShut
 * @property {boolean} sideShut
 * @property {string} watchlist id of the open watchlist
 * @property {ChartSettings} chart
 * @property {{ columns: string[], underlying: string }} chain columns of the option chain, nearest the strike first, and the underlying last looked at
 * @property {Record<string, { quantity?: number, type?: string, product?: string }>} last last ticket by instrument kind
 */

/** Bars in columns, oldest first; t is the start, ms. @typedef {{ t: number[], o: number[], h: number[], l: number[], c: number[], v: number[], oi: number[], first: number | null, source: string }} Bars */

export {};
