/** The calls of /api/v1, by name. */

/** @typedef {import('./http.js').Http} Http */

const V1 = '/api/v1';
const id = encodeURIComponent;

/**
 * @param {Http} http
 * @returns {import('../format/ports.js').Api}
 */
export function createApi(http) {
  const { get, send } = http;
  return {
    session: () => get(`${V1}/session`),
    markets: () => get(`${V1}/markets`),
    control: (market, command) => send('POST', `${V1}/markets/${id(market)}/control`, command),
    instruments: (query) => get(`${V1}/instruments`, query),
    instrument: (market, key) => get(`${V1}/instruments/${id(key)}`, { market }),
    quotes: (market, keys) => get(`${V1}/quotes`, { market, keys: keys.join(',') }),
    bars: (market, key, interval, end, limit) => get(`${V1}/bars`, { market, key, interval, end, limit }),
    place: (request) => send('POST', `${V1}/orders`, request),
    preview: (request, signal) => send('POST', `${V1}/orders/preview`, request, signal),
    orders: (account, state, limit) => get(`${V1}/orders`, { account, state, limit }),
    order: (order) => get(`${V1}/orders/${id(order)}`),
    modify: (order, change) => send('PATCH', `${V1}/orders/${id(order)}`, change),
    cancel: (order) => send('DELETE', `${V1}/orders/${id(order)}`),
    trades: (account) => get(`${V1}/trades`, { account }),
    positions: (account) => get(`${V1}/positions`, { account }),
    exit: (account, key, product) => send('POST', `${V1}/positions/exit`, { account, key, product }),
    holdings: (account) => get(`${V1}/holdings`, { account }),
    funds: (account) => get(`${V1}/funds`, { account }),
    deposit: (account, amount, reason) => send('POST', `${V1}/funds/deposit`, { account, amount, reason }),
    withdraw: (account, amount, reason) => send('POST', `${V1}/funds/withdraw`, { account, amount, reason }),
    statement: (account, query) => get(`${V1}/statement`, { account, ...query }),
    triggers: (account) => get(`${V1}/triggers`, { account }),
    addTrigger: (body) => send('POST', `${V1}/triggers`, body),
    dropTrigger: (trigger) => send('DELETE', `${V1}/triggers/${id(trigger)}`),
    baskets: (account) => get(`${V1}/baskets`, { account }),
    sendBasket: (body) => send('POST', `${V1}/baskets`, body),
    previewBasket: (body, signal) => send('POST', `${V1}/baskets/preview`, body, signal),
    killSwitch: (body) => send('POST', `${V1}/kill-switch`, body),
    risk: (account) => get(`${V1}/risk`, { account }),
    limits: (body) => send('PUT', `${V1}/risk/limits`, body),
    watchlists: () => get(`${V1}/watchlists`),
    saveWatchlists: (items) => send('PUT', `${V1}/watchlists`, { items }),
    savePreferences: (values) => send('PUT', `${V1}/preferences`, { values }),
    overview: (account) => get(`${V1}/overview`, { account }),
    system: () => get(`${V1}/system`),
    audit: (query) => get(`${V1}/audit`, query),
    verifyAudit: () => send('POST', `${V1}/audit/verify`),
    upload: (file, onProgress) => http.upload(`${V1}/imports`, file, onProgress),
    imports: () => get(`${V1}/imports`),
    import: (one) => get(`${V1}/imports/${id(one)}`),
    underlyings: (market) => get(`${V1}/options`, { market }),
    chain: (underlying, query) => get(`${V1}/options/${id(underlying)}`, query),
    smile: (underlying, query) => get(`${V1}/options/${id(underlying)}/smile`, query),
    surface: (underlying, query) => get(`${V1}/options/${id(underlying)}/surface`, query),
    term: (underlying, query) => get(`${V1}/options/${id(underlying)}/term`, query),
    straddle: (underlying, query) => get(`${V1}/options/${id(underlying)}/straddle`, query),
    volatility: (query) => get(`${V1}/analytics/volatility`, query),
    replays: () => get(`${V1}/replays`),
    startReplay: (replay, speed) => send('POST', `${V1}/replays`, { id: replay, speed }),
    stopReplay: () => send('DELETE', `${V1}/replays`),
    payoff: (body, signal) => send('POST', `${V1}/options/payoff`, body, signal),
    templates: () => get(`${V1}/options/templates`),
    template: (key, body) => send('POST', `${V1}/options/templates/${id(key)}`, body),
    shiftLegs: (body) => send('POST', `${V1}/options/legs/shift`, body),
    screen: (body) => send('POST', `${V1}/options/screen`, body),
    strategies: (account, state = 'all') => get(`${V1}/strategies`, { account, state }),
    strategy: (one) => get(`${V1}/strategies/${id(one)}`),
    createStrategy: (body) => send('POST', `${V1}/strategies`, body),
    changeStrategy: (one, body) => send('PATCH', `${V1}/strategies/${id(one)}`, body),
    dropStrategy: (one) => send('DELETE', `${V1}/strategies/${id(one)}`),
    groupStrategy: (body) => send('POST', `${V1}/strategies/group`, body),
    sendStrategy: (one, body) => send('POST', `${V1}/strategies/${id(one)}/send`, body),
    closeStrategy: (one, body) => send('POST', `${V1}/strategies/${id(one)}/close`, body),
    previewAdjust: (one, body, signal) => send('POST', `${V1}/strategies/${id(one)}/adjust/preview`, body, signal),
    adjustStrategy: (one, body) => send('POST', `${V1}/strategies/${id(one)}/adjust`, body),
    strategySeries: (one) => get(`${V1}/strategies/${id(one)}/series`),
    strategyPerformance: (one) => get(`${V1}/strategies/${id(one)}/performance`),
    strategiesPerformance: (account) => get(`${V1}/strategies/performance`, { account }),
  };
}
