/** Takes what the stream says into the store: the only place where a message meets the state. */

import * as decode from '../transport/decode.js';
import { withBeat, withMarket, withNotice, withOrder } from '../store/reducers.js';
import { market } from '../store/selectors.js';

/** @typedef {import('../store/store.js').Store} Store */
/** @typedef {import('../views/context.js').ListName} ListName */

/**
 * @param {Store} store
 * @param {{ load: (...names: ListName[]) => void, onBar: (key: string, interval: number, bar: decode.BarRecord) => void, onOrder: (event: string, order: import('../format/wire.js').Order) => void, onFill: (fill: import('../format/wire.js').Fill, order: import('../format/wire.js').Order) => void, onWelcome: (resumed: boolean) => void, onKept: (name: string) => void }} on
 */
export function createReceiver(store, on) {
  /** @type {Map<number, { market: string, keys: Map<number, string> }>} rows by market number */
  const maps = new Map();

  /** @param {any} message */
  function receive(message) {
    switch (message.type) {
      case 'frame':
        frame(message.frame);
        return;
      case 'link':
        store.update('link', (link) => ({ ...link, state: message.state, reason: message.reason }));
        return;
      case 'welcome':
        welcome(message);
        return;
      case 'beat':
        if (!message.late) heard();
        store.update('markets', (markets) => withBeat(markets, message.markets, store.now()));
        return;
      case 'map':
        map(message);
        return;
      case 'chain':
        if (!message.late) heard();
        if (message.market === market(store)?.id) store.update('chains', (chains) => new Map(chains).set(`${message.underlying}|${message.expiry}`, { ...message, at: store.now() - (message.ago ?? 0) }));
        return;
      case 'event':
        heard();
        event(message.topic, message.data, message.at);
        return;
      case 'resync':
        on.onWelcome(false);
        return;
      default:
        if (message.type !== 'attached') heard();
    }
  }

  function heard() {
    const { link } = store.state;
    link.heard = store.now(); // too often for a copy; the clock redraws ages
  }

  /** @param {any} message */
  function welcome(message) {
    const boot = store.state.session?.boot;
    if (boot !== message.boot) maps.clear();
    store.update('link', (link) => ({ ...link, heartbeat: (message.heartbeat ?? 2) * 1000, heard: message.late ? link.heard : store.now() }));
    for (const one of message.markets ?? []) store.update('markets', (markets) => withMarket(markets, one, store.now()));
    on.onWelcome(message.resumed === true);
  }

  /** @param {any} message */
  function map(message) {
    const known = maps.get(message.number) ?? { market: message.market, keys: new Map() };
    for (const [key, row] of Object.entries(message.rows)) known.keys.set(/** @type {number} */ (row), key);
    known.market = message.market;
    maps.set(message.number, known);
    if (market(store)?.id !== message.market) return;
    for (const key of message.unknown ?? []) store.quotes.unknown.add(key);
    for (const key of Object.keys(message.rows)) store.quotes.unknown.delete(key);
    if (message.unknown?.length) store.touch('quotes');
  }

  /** @param {ArrayBuffer} buffer */
  function frame(buffer) {
    heard();
    const view = new DataView(buffer);
    const head = decode.header(view);
    const rows = maps.get(head.market);
    if (!rows || rows.market !== market(store)?.id) return;
    const now = store.now();
    if (head.kind === decode.QUOTES) {
      decode.quotes(view, head, (record) => {
        const key = rows.keys.get(record.row);
        if (key === undefined) return;
        const { row: _, receivedMs, ...fields } = record;
        store.quotes.put(key, fields, now - Math.max(0, head.serverMs - (receivedMs ?? head.serverMs)));
      });
      store.touch('quotes');
    } else if (head.kind === decode.DEPTH) {
      decode.depths(view, head, (record) => {
        const key = rows.keys.get(record.row);
        if (key !== undefined) store.quotes.putDepth(key, record);
      });
      store.touch('quotes');
    } else {
      decode.bars(view, head, (record) => {
        const key = rows.keys.get(record.row);
        if (key !== undefined) on.onBar(key, record.interval, record);
      });
    }
  }

  /** @param {string} topic @param {any} data @param {string} at */
  function event(topic, data, at) {
    switch (topic) {
      case 'order':
        store.update('orders', (orders) => withOrder(orders, data.order));
        on.onOrder(data.event, data.order);
        on.load('funds');
        break;
      case 'fill':
        store.update('orders', (orders) => withOrder(orders, data.order));
        on.onFill(data.fill, data.order);
        on.load('positions', 'funds', 'trades', 'overview');
        break;
      case 'funds':
        on.load('funds', 'positions');
        break;
      case 'list':
        on.onKept(data.name);
        break;
      case 'risk':
        on.load('kill');
        break;
      case 'market':
        if (data.body?.id) store.update('markets', (markets) => withMarket(markets, data.body, store.now()));
        else on.load('markets');
        break;
      case 'part':
        on.load('system');
        break;
      case 'notice':
        store.update('notices', (notices) => withNotice(notices, { at: data.at ?? at, level: data.level, text: data.text, subject: data.subject ?? '' }));
        break;
    }
  }

  return { receive };
}
