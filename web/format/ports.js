/** The server as the pages see it: one method a call, plain values in and out. `transport/api.js` implements it. */

/** @typedef {import('./wire.js').Instrument} Instrument */
/** @typedef {import('./wire.js').Order} Order */
/** @typedef {import('./wire.js').OrderRequest} OrderRequest */
/** @typedef {import('./wire.js').Fill} Fill */
/** @typedef {import('./wire.js').Market} Market */
/** @typedef {import('./wire.js').Preview} Preview */
/** @typedef {import('./wire.js').Watchlist} Watchlist */
/** @template T @typedef {{ items: T[], next?: string | number | null }} Items */
/** @typedef {{ at: string, at_market: string, event: string, state: string, reason: string, correlation: string }} OrderStep */
/** @typedef {{ seq: number, at: string, actor: string, correlation: string, kind: string, subject: string, text: string, hash: string }} AuditEntry */
/** @typedef {{ fault: string, count: number, example: string, action: string }} ImportFault */
/** @typedef {{ id: string, state: string, file: string, rows: number, taken: number, repaired: number, refused: number, report: ImportFault[], detail?: string }} Import */
/** @typedef {{ id: string, day: string, kind: string, instruments: number, rows: number, faults: number }} Replay */
/** @typedef {{ side: 'BUY' | 'SELL', quantity: number, trigger: string, price: string }} TriggerLeg */
/** @typedef {Omit<OrderRequest, 'account' | 'request_id' | 'disclosed' | 'after_market'>} BasketLeg */
/** @typedef {{ account: string, name: string, on_failure: 'stop' | 'unwind', buy_first: boolean, legs: BasketLeg[] }} BasketRequest */
/** @typedef {{ margin_required: string, margin_final: string, charges: string, order: number[], problems: import('./wire.js').Problem[] }} BasketPreview */

/**
 * @typedef {object} Api
 * @property {() => Promise<import('./wire.js').Session>} session
 * @property {() => Promise<Items<Market>>} markets
 * @property {(id: string, command: { action: string, to?: string, value?: number, name?: string }) => Promise<Market>} control
 * @property {(query: { market: string, q?: string, kind?: string, name?: string, expiry?: string, limit?: number }) => Promise<Items<Instrument>>} instruments
 * @property {(market: string, key: string) => Promise<Instrument>} instrument
 * @property {(market: string, keys: string[]) => Promise<Items<any>>} quotes
 * @property {(market: string, key: string, interval: string, end: number | null, limit: number) => Promise<import('./wire.js').Bars>} bars
 * @property {(request: OrderRequest) => Promise<{ order: Order }>} place
 * @property {(request: OrderRequest, signal?: AbortSignal) => Promise<Preview>} preview
 * @property {(account: string, state?: string, limit?: number) => Promise<Items<Order>>} orders
 * @property {(id: string) => Promise<{ order: Order, steps: OrderStep[], fills: Fill[] }>} order
 * @property {(id: string, change: { quantity?: number, price?: string, trigger?: string, type?: string, revision: number }) => Promise<{ order: Order }>} modify
 * @property {(id: string) => Promise<{ order: Order }>} cancel
 * @property {(account: string) => Promise<Items<import('./wire.js').Trade>>} trades
 * @property {(account: string) => Promise<Items<import('./wire.js').Position> & { totals: import('./wire.js').Totals }>} positions
 * @property {(account: string, key: string, product: string) => Promise<{ order: Order }>} exit
 * @property {(account: string) => Promise<Items<import('./wire.js').Position> & { totals?: import('./wire.js').Totals }>} holdings
 * @property {(account: string) => Promise<import('./wire.js').Funds>} funds
 * @property {(account: string, amount: string, reason: string) => Promise<unknown>} deposit
 * @property {(account: string, amount: string, reason: string) => Promise<unknown>} withdraw
 * @property {(account: string, query?: { from?: string, to?: string, book?: string, limit?: number, before?: string | number }) => Promise<Items<import('./wire.js').Statement>>} statement
 * @property {(account: string) => Promise<Items<import('./wire.js').Parent>>} parents
 * @property {(body: import('./wire.js').ParentRequest) => Promise<{ parent: import('./wire.js').Parent }>} addParent
 * @property {(id: string, price: string) => Promise<{ parent: import('./wire.js').Parent }>} repriceParent
 * @property {(id: string) => Promise<{ parent: import('./wire.js').Parent }>} closeParent
 * @property {(account: string) => Promise<Items<import('./wire.js').Trigger>>} triggers
 * @property {(body: { account: string, key: string, product: string, legs: TriggerLeg[], kind: 'single' | 'oco' }) => Promise<{ trigger: import('./wire.js').Trigger }>} addTrigger
 * @property {(id: string) => Promise<unknown>} dropTrigger
 * @property {(account: string) => Promise<Items<import('./wire.js').Basket>>} baskets
 * @property {(body: BasketRequest) => Promise<{ basket: import('./wire.js').Basket }>} sendBasket
 * @property {(body: BasketRequest, signal?: AbortSignal) => Promise<BasketPreview>} previewBasket
 * @property {(body: { engage: boolean, reason: string, flatten?: boolean }) => Promise<{ engaged: boolean, cancelled?: string[], still_open?: string[], flattening?: string[] }>} killSwitch
 * @property {(account: string) => Promise<{ state: string, limits: Record<string, any>, used: Record<string, any> }>} risk
 * @property {(body: Record<string, any>) => Promise<unknown>} limits
 * @property {() => Promise<Items<Watchlist>>} watchlists
 * @property {(items: Watchlist[]) => Promise<unknown>} saveWatchlists
 * @property {(body: Record<string, any>) => Promise<unknown>} savePreferences
 * @property {(account: string) => Promise<import('./wire.js').Overview>} overview
 * @property {() => Promise<any>} system
 * @property {(query?: { before?: number | string, limit?: number, subject?: string }) => Promise<Items<AuditEntry>>} audit
 * @property {() => Promise<{ ok: boolean, entries: number, head: string, problem: string | null }>} verifyAudit
 * @property {(file: File, onProgress: (share: number) => void) => Promise<{ import: Import }>} upload
 * @property {() => Promise<Items<Import>>} imports
 * @property {(id: string) => Promise<{ import: Import }>} import
 * @property {(market: string) => Promise<Items<import('./wire.js').Underlying>>} underlyings
 * @property {(underlying: string, query: { market: string, expiry?: string, strikes?: number }) => Promise<import('./wire.js').Chain>} chain
 * @property {(underlying: string, query: { market: string, expiry?: string }) => Promise<import('./wire.js').Smiles>} smile
 * @property {(underlying: string, query: { market: string }) => Promise<import('./wire.js').Surface>} surface
 * @property {(underlying: string, query: { market: string }) => Promise<import('./wire.js').TermStructure>} term
 * @property {(underlying: string, query: { market: string, expiry?: string, strike?: string }) => Promise<import('./wire.js').StraddleDay>} straddle
 * @property {(query: { market: string, underlying: string }) => Promise<import('./wire.js').VolatilityReport>} volatility
 * @property {() => Promise<Items<import('./brokers.js').Broker>>} brokers
 * @property {() => Promise<Items<import('./brokers.js').LinkTold>>} accounts
 * @property {(body: { broker: string, title?: string, account?: string, fields: Record<string, string>, addresses?: Record<string, string> }) => Promise<{ done: boolean, url: string, account: string }>} connect
 * @property {(account: string) => Promise<unknown>} signOut
 * @property {(account: string) => Promise<unknown>} forget
 * @property {(account: string, body: { key: string, with_order: boolean }) => Promise<import('./brokers.js').CheckTold>} check
 * @property {(account: string) => Promise<import('./brokers.js').CheckTold>} checked
 * @property {(account: string) => Promise<unknown>} confirm
 * @property {(refresh?: boolean) => Promise<import('./brokers.js').TogetherTold>} portfolio
 * @property {(hours: number) => Promise<import('./brokers.js').UsageTold>} usage
 * @property {() => Promise<import('./brokers.js').RoutingTold>} routing
 * @property {(body: import('./brokers.js').RoutingAsked) => Promise<import('./brokers.js').RoutingTold>} route
 * @property {() => Promise<Items<import('./brokers.js').MasterTold>>} masters
 * @property {() => Promise<Items<Replay>>} replays
 * @property {(id: string, speed: number) => Promise<Market>} startReplay
 * @property {() => Promise<unknown>} stopReplay
 * @property {(body: { market: string, legs: import('./strategies.js').LegAsked[], account?: string | null, dates?: string[], iv_shift?: number }, signal?: AbortSignal) => Promise<import('./strategies.js').PayoffTold>} payoff
 * @property {() => Promise<Items<import('./strategies.js').TemplateTold>>} templates
 * @property {(key: string, body: { market: string, underlying: string, expiry?: string | null, lots?: number, shift?: number, width?: number | null, delta?: number | null }) => Promise<import('./strategies.js').TemplateMade>} template
 * @property {(body: { market: string, legs: import('./strategies.js').LegAsked[], steps?: number, only?: number[] | null, index?: number, delta?: number }) => Promise<{ legs: import('./strategies.js').TemplateLegTold[] }>} shiftLegs
 * @property {(body: import('./strategies.js').Outlook) => Promise<{ underlying: string, spot: number, until: string, expiry: string, ideas: import('./strategies.js').Idea[] }>} screen
 * @property {(account: string, state?: string) => Promise<import('./strategies.js').StrategyPage>} strategies
 * @property {(id: string) => Promise<import('./strategies.js').StrategyNow>} strategy
 * @property {(body: { account: string, name: string, legs: import('./strategies.js').LegAsked[], product: string, template?: string, note?: string }) => Promise<import('./strategies.js').StrategyNow>} createStrategy
 * @property {(id: string, body: { revision: number, name?: string, note?: string, stop?: string | null, target?: string | null, alerts?: { kind: string, value: number }[] }) => Promise<import('./strategies.js').StrategyNow>} changeStrategy
 * @property {(id: string) => Promise<unknown>} dropStrategy
 * @property {(body: { account: string, name: string, legs: import('./strategies.js').Loose[] }) => Promise<import('./strategies.js').StrategyNow>} groupStrategy
 * @property {(id: string, body: { type: 'LIMIT' | 'MARKET', on_failure: 'stop' | 'unwind', buy_first: boolean }) => Promise<{ strategy: import('./strategies.js').Strategy, basket: import('./wire.js').Basket }>} sendStrategy
 * @property {(id: string, body: { type: 'LIMIT' | 'MARKET' }) => Promise<{ strategy: import('./strategies.js').Strategy, basket: import('./wire.js').Basket }>} closeStrategy
 * @property {(id: string, body: import('./strategies.js').Adjustment, signal?: AbortSignal) => Promise<import('./strategies.js').AdjustPreview>} previewAdjust
 * @property {(id: string, body: import('./strategies.js').Adjustment & { type: 'LIMIT' | 'MARKET', on_failure: 'stop' | 'unwind' }) => Promise<{ strategy: import('./strategies.js').Strategy, basket: import('./wire.js').Basket }>} adjustStrategy
 * @property {(id: string) => Promise<import('./strategies.js').StrategySeries>} strategySeries
 * @property {(id: string) => Promise<import('./strategies.js').Performance>} strategyPerformance
 * @property {(account: string) => Promise<import('./strategies.js').Performances>} strategiesPerformance
 */

export {};
