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
 * @property {number | null} freeze
 * @property {string | null} expiry
 * @property {string | null} strike
 * @property {'CE' | 'PE' | null} right
 * @property {string} underlying
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
 */

/**
 * @typedef {object} OrderRequest
 * @property {string} account
 * @property {string} key
 * @property {Side} side
 * @property {number} quantity
 * @property {OrderType} type
 * @property {Product} product
 * @property {string} [price]
 * @property {string} [trigger]
 * @property {'DAY' | 'IOC'} [validity]
 * @property {number} [disclosed]
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
 */

/** @typedef {{ brokerage: string, stt: string, exchange: string, sebi: string, gst: string, stamp: string, other: string, total?: string }} Charges */
/** @typedef {{ fill: Fill, charges: Charges, charges_total: string, realised: string }} Trade */

/**
 * @typedef {object} Position
 * @property {string} account
 * @property {string} key
 * @property {Product} product
 * @property {number} quantity
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
 * @property {Record<string, any>} preferences
 */

/** @typedef {{ id: string, name: string, keys: string[] }} Watchlist */
/** @typedef {{ at: string, level: string, text: string, subject: string }} Notice */
/** @typedef {{ side: Side, quantity: number, trigger: string, price: string }} TriggerLeg */
/** @typedef {{ id: string, account: string, key: string, product: Product, kind: 'single' | 'oco', state: string, legs: TriggerLeg[], created?: string, reason?: string }} Trigger */
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
 * @property {string[]} notes
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
 * @property {Record<string, { quantity?: number, type?: string, product?: string }>} last last ticket by instrument kind
 */

/** Bars in columns, oldest first; t is the start, ms. @typedef {{ t: number[], o: number[], h: number[], l: number[], c: number[], v: number[], oi: number[], first: number | null, source: string }} Bars */

export {};
