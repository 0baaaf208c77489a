/** Shapes of the builder's and the strategies' calls, as the server gives them. Prices and money are decimal strings, analytics numbers or null. */

/** @typedef {import('./wire.js').Told} Told */
/** @typedef {import('./wire.js').Problem} Problem */

/** @typedef {{ key: string, side: 'BUY' | 'SELL', lots: number, price?: string | null, iv?: number | null }} LegAsked price null: the middle of the quote, else the last price */
/** @typedef {{ delta: Told, gamma: Told, theta: Told, vega: Told, rho?: Told }} GreeksTold */
/** @typedef {{ breakevens: number[], max_profit: Told, max_loss: Told, profit_unbounded: boolean, loss_unbounded: boolean, reward_to_risk: Told }} OutcomeTold */
/** @typedef {{ key: string | null, view: string | null, lots: number }} Recognised */
/** @typedef {{ expiry: string, years: number, forward: number, rate: number }} TermTold */

/**
 * @typedef {object} PricedLeg
 * @property {string} key
 * @property {'BUY' | 'SELL'} side
 * @property {number} lots
 * @property {number} quantity signed units
 * @property {string} price
 * @property {string | null} strike
 * @property {'CE' | 'PE' | null} right
 * @property {'OPTION' | 'FUTURE' | 'EQUITY'} kind
 * @property {string | null} expiry
 * @property {Told} days_left
 * @property {Told} iv
 * @property {Told} delta
 * @property {Told} gamma
 * @property {Told} theta
 * @property {Told} vega
 */

/**
 * @typedef {object} PayoffTold
 * @property {string} market
 * @property {string} underlying
 * @property {string} name
 * @property {number} spot
 * @property {Told} forward
 * @property {string} at
 * @property {number} age
 * @property {PricedLeg[]} legs
 * @property {Recognised} recognised
 * @property {string} net_premium
 * @property {number[]} spots
 * @property {{ at: string, date: string, years: number, values: number[] }[]} curves
 * @property {OutcomeTold} outcome
 * @property {{ lognormal: Told, smile: Told }} probability
 * @property {{ lognormal: Told, smile: Told }} expected
 * @property {GreeksTold} greeks
 * @property {{ initial: string, final: string, alone: string, benefit: string } | null} margin
 * @property {{ total: string }} charges
 * @property {number[]} order
 * @property {string[]} notes
 * @property {TermTold[]} terms what the server valued each expiry with
 * @property {{ date: string, years: number }[]} days years from now of each day up to the first expiry
 * @property {Told} [sigma] at-the-money volatility of the first expiry
 */

/** @typedef {{ side: 'BUY' | 'SELL', kind: 'OPTION' | 'FUTURE' | 'EQUITY' | 'UNDERLYING', right: 'CE' | 'PE' | null, lots: number, expiry: number, steps: number }} TemplateLeg */
/** @typedef {{ key: string, view: string, risk: 'limited' | 'unlimited', volatility: string, legs: TemplateLeg[] }} TemplateTold */
/** @typedef {{ key: string, side: 'BUY' | 'SELL', lots: number, price: string, strike: string | null, right: 'CE' | 'PE' | null, kind: string, expiry: string | null, iv: Told, delta: Told }} TemplateLegTold */
/** @typedef {{ key: string, view: string, underlying: string, expiry: string, legs: TemplateLegTold[], notes: string[] }} TemplateMade */
/** @typedef {{ key: string, score: number, expected: Told, probability: Told, outcome: OutcomeTold, net_premium: string, legs: TemplateLegTold[], reasons: { key: string, figures: Record<string, number> }[] }} Idea */
/** @typedef {{ market: string, underlying: string, direction: string, move: number, until: string, volatility: string, risk: string, most_loss: string | null, lots: number }} Outlook */

/** @typedef {'DRAFT' | 'PENDING' | 'ACTIVE' | 'CLOSED' | 'EXPIRED'} StrategyState */
/** @typedef {{ key: string, product: string, planned: number, quantity: number, entry: string | null, exit: string | null, traded: number, realised: string, charges: string, price: string | null }} StrategyLeg */
/** @typedef {{ id: string, kind: string, value: number, fired: boolean, text: string }} StrategyAlert */

/**
 * @typedef {object} Strategy
 * @property {string} id
 * @property {string} account
 * @property {string} market
 * @property {string} name
 * @property {string} underlying
 * @property {string} template
 * @property {string} view
 * @property {StrategyState} state
 * @property {'draft' | 'basket' | 'found' | 'grouped'} origin
 * @property {string} product
 * @property {StrategyLeg[]} legs
 * @property {string} premium
 * @property {Told} max_profit
 * @property {Told} max_loss
 * @property {boolean} profit_unbounded
 * @property {boolean} loss_unbounded
 * @property {string} realised
 * @property {string} charges
 * @property {string | null} stop
 * @property {string | null} target
 * @property {'OFF' | 'ARMED' | 'FIRED' | 'DONE' | 'FAILED'} guard
 * @property {string} guard_reason
 * @property {StrategyAlert[]} alerts
 * @property {{ at: string, kind: string, basket: string, realised: string }[]} adjustments
 * @property {string} note
 * @property {string} created
 * @property {string} updated
 * @property {string | null} opened
 * @property {string | null} closed
 * @property {string} reason
 * @property {number} revision
 */

/**
 * What moves of a strategy.
 * @typedef {{ profit: string | null, net: string | null, open: string | null, spot: Told, delta: Told, gamma: Told, theta: Told, vega: Told, iv: Told, days_left: Told,
 *   value: string | null, prices: Record<string, { ltp: string | null, age: number | null, stale: boolean }>, stale: boolean, guard_wait: string }} StrategyLive
 */
/** @typedef {{ strategy: Strategy, live: StrategyLive | null }} StrategyNow */
/** @typedef {{ key: string, product: string, quantity: number }} Loose */
/** @typedef {{ items: StrategyNow[], next: string | null, loose: Loose[] }} StrategyPage */
/** @typedef {{ spots: number[], now: number[], expiry: number[], outcome: OutcomeTold, greeks: GreeksTold, probability: { lognormal: Told, smile: Told } | null, recognised: Recognised }} PayoffLite */
/** @typedef {{ kind: string, orders: { key: string, side: 'BUY' | 'SELL', lots: number, quantity: number, price: string, closes: boolean }[], cost: string, before: PayoffLite, after: PayoffLite, margin: { initial: string, final: string } | null, charges: string, problems: Problem[] }} AdjustPreview */
/** @typedef {{ kind: 'roll', expiry: string, legs?: string[] | null } | { kind: 'shift', steps: number, legs?: string[] | null } | { kind: 'hedge', width?: number } | { kind: 'legs', legs_added: LegAsked[] }} Adjustment */
/** @typedef {{ t: number[], profit: Told[], premium: Told[], spot: Told[] }} StrategySeries */
/** @typedef {{ strategy_id: string, state: string, opened: string | null, closed: string | null, days_held: Told, premium: string, realised: string, open: string | null, charges: string, net: string | null, return_on_margin: Told, margin: string, best: Told, worst: Told, drawdown: Told,
 *   trades: { at: string, key: string, side: 'BUY' | 'SELL', quantity: number, price: string, charges: string, realised: string }[], legs: { key: string, realised: string, open: string | null, charges: string }[], attribution: { delta: number, gamma: number, theta: number, vega: number, rest: number } | null }} Performance */
/** @typedef {{ count: number, wins: number, losses: number, win_rate: Told, net: string, average_win: string | null, average_loss: string | null, best: Told | string, worst: Told | string, by_template: { template: string, count: number, wins: number, net: string }[] }} Performances */

export {};
