/**
 * The shapes the payoff chart takes and gives. Types only; nothing runs here. All numbers are float analytics: what is sent
 * to a market is never taken from here.
 *
 * @module payoff/types
 */

/**
 * One leg as the payoff sees it.
 * @typedef {object} PayoffLeg
 * @property {string} key instrument, or any name of one's own
 * @property {'OPTION' | 'FUTURE' | 'EQUITY'} kind
 * @property {number} units signed: bought above zero
 * @property {number} price entry price of a unit
 * @property {number} strike 0 where there is none
 * @property {boolean} call
 * @property {string} expiry a key of the setting's terms; '' for a share
 * @property {number} sigma its implied volatility now, 0.14 = 14 %
 */

/**
 * One expiry as of now.
 * @typedef {object} Term
 * @property {number} years left
 * @property {number} forward price of the underlying for that day
 * @property {number} rate continuously compounded
 */

/**
 * What legs are valued in.
 * @typedef {object} Setting
 * @property {number} spot
 * @property {Readonly<Record<string, Term>>} terms by expiry
 * @property {number} sigma at-the-money volatility of the first expiry, for bands and chances
 */

/** @typedef {{ delta: number, gamma: number, theta: number, vega: number }} Greeks of the whole, in rupees a point of the underlying, a calendar day, a point of volatility */

/**
 * What comes out at the first expiry.
 * @typedef {object} Outcome
 * @property {number[]} breakevens rising
 * @property {number | null} maxProfit null: no limit
 * @property {number | null} maxLoss the worst profit: below zero, or above where nothing can be lost; null: no limit
 * @property {number | null} rewardToRisk null where either has no limit, or there is no risk
 */

/** @typedef {{ low: number, high: number, sigmas: number }} Band */

/**
 * Words on the chart, in the user's language.
 * @typedef {object} PayoffWords
 * @property {string} label what the chart is, for a screen reader
 * @property {string} keys how the keys move it
 * @property {string} now
 * @property {string} expiry
 * @property {string} spot
 * @property {string} atExpiry
 * @property {string} delta
 * @property {string} gamma
 * @property {string} theta
 * @property {string} vega
 * @property {string} date word for the chosen date's line
 * @property {string} empty what stands there while there are no legs
 */

/** Another position drawn for comparison. @typedef {{ name: string, legs: readonly PayoffLeg[] }} Other */

/** @typedef {{ spot: number, now: number, date: number, expiry: number, greeks: Greeks, scrubbing: boolean }} ScrubAt */

/**
 * @typedef {object} PayoffOptions
 * @property {import('../chart/types.js').ChartTheme} theme
 * @property {PayoffWords} words
 * @property {boolean} [readOnly] no handles: the legs are only looked at
 */

/** @typedef {{ leg: string, strike: number, phase: 'move' | 'end' | 'cancel' }} StrikeDrag */

export {};
