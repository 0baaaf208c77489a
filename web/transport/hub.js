/**
 * Joins several windows to one stream: merges what they watch, hands every message to each, and gives a window that comes
 * later the state the others already have (the server sends a watched row in full only once).
 */

import { HEADER_BYTES, QUOTES, DEPTH, RECORD_BYTES, header } from './decode.js';

/** @typedef {import('./stream.js').SetKind} SetKind */
/** @typedef {{ postMessage: (message: any, transfer?: Transferable[]) => void }} PortLike */
/** @typedef {{ port: PortLike, sets: Map<string, unknown[]>, heard: number }} Member */

const SILENT_MS = 150_000; // hidden pages may run timers once a minute only
const LIMITS = { watch: 2000, depth: 20, bars: 64, chains: 8 };

/**
 * @typedef {object} Hub
 * @property {(port: PortLike) => Member} join
 * @property {(member: Member, message: any) => void} receive
 * @property {(member: Member) => void} leave
 * @property {() => number} count
 */

/**
 * @param {(sinks: import('./stream.js').StreamSinks) => import('./stream.js').Stream} open
 * @param {{ now?: () => number }} [options]
 * @returns {Hub}
 */
export function createHub(open, { now = () => performance.now() } = {}) {
  /** @type {Set<Member>} */
  const members = new Set();
  /** @type {any} */
  let welcome = null;
  /** @type {any} */
  let beat = null;
  let link = { type: 'link', state: 'connecting', reason: '' };
  /** @type {Map<string, { market: string, number: number, rows: Record<string, number>, unknown: string[] }>} */
  const maps = new Map();
  /** @type {Map<string, Cache>} last record of each row, by kind and market number */
  const caches = new Map();
  /** @type {Map<string, { message: any, at: number }>} last message of each option chain, and when it came */
  const chains = new Map();

  const stream = open({
    onText(message) {
      if (message.type === 'welcome') {
        if (welcome && welcome.boot !== message.boot) {
          maps.clear();
          caches.clear();
          chains.clear();
        }
        welcome = message;
      } else if (message.type === 'beat') {
        beat = message;
      } else if (message.type === 'map') {
        const known = maps.get(message.market);
        maps.set(message.market, { ...message, rows: { ...known?.rows, ...message.rows } });
      } else if (message.type === 'chain') {
        chains.set(`${message.market}|${message.underlying}|${message.expiry}`, { message, at: now() });
      }
      tell(message);
    },
    onFrame(frame) {
      try {
        remember(frame);
      } catch {
        return; // a frame that cannot be read is dropped; a lost price is followed by the next one
      }
      tell({ type: 'frame', frame });
    },
    onState(state, reason) {
      link = { type: 'link', state, reason };
      tell(link);
    },
  });

  /** @param {any} message */
  function tell(message) {
    for (const member of members) member.port.postMessage(message);
  }

  /** @param {ArrayBuffer} frame */
  function remember(frame) {
    const view = new DataView(frame);
    const head = header(view);
    if (head.kind !== QUOTES && head.kind !== DEPTH) return;
    const name = `${head.kind}|${head.market}`;
    let cache = caches.get(name);
    if (!cache) caches.set(name, (cache = new Cache(head.kind, head.market)));
    cache.put(frame, view, head.count, head.serverMs, now());
  }

  /** @param {SetKind} kind @param {string} market */
  function merge(kind, market) {
    const name = `${kind}|${market}`;
    /** @type {Map<string, unknown>} */
    const all = new Map();
    for (const member of members) {
      for (const item of member.sets.get(name) ?? []) all.set(typeof item === 'string' ? item : JSON.stringify(item), item);
    }
    stream.want(kind, market, [...all.values()].slice(0, LIMITS[kind]));
  }

  /** Send a member the last records of rows and chains that are watched already. @param {Member} member @param {string} market */
  function replay(member, market) {
    for (const item of member.sets.get(`chains|${market}`) ?? []) {
      const { underlying, expiry } = /** @type {{ underlying: string, expiry: string }} */ (item);
      const last = chains.get(`${market}|${underlying}|${expiry}`);
      if (last) member.port.postMessage({ ...last.message, late: true, ago: now() - last.at });
    }
    const map = maps.get(market);
    if (!map) return;
    member.port.postMessage(map);
    const pairs = /** @type {const} */ ([['watch', QUOTES], ['depth', DEPTH]]);
    for (const [kind, record] of pairs) {
      const rows = (member.sets.get(`${kind}|${market}`) ?? []).map((key) => map.rows[/** @type {string} */ (key)]);
      const frame = caches.get(`${record}|${map.number}`)?.frame(rows, now());
      if (frame) member.port.postMessage({ type: 'frame', frame });
    }
  }

  /** @param {Member} member */
  function leave(member) {
    if (!members.delete(member)) return;
    for (const name of member.sets.keys()) {
      const bar = name.indexOf('|');
      merge(/** @type {SetKind} */ (name.slice(0, bar)), name.slice(bar + 1));
    }
  }

  return {
    join(port) {
      const member = { port, sets: new Map(), heard: now() };
      for (const other of members) if (now() - other.heard > SILENT_MS) leave(other);
      members.add(member);
      port.postMessage({ type: 'attached' });
      if (welcome) port.postMessage({ ...welcome, resumed: false, late: true });
      if (beat) port.postMessage({ ...beat, late: true });
      port.postMessage(link);
      return member;
    },
    receive(member, message) {
      member.heard = now();
      if (!members.has(member)) members.add(member); // it was thought gone while asleep
      if (message.op === 'set') {
        member.sets.set(`${message.kind}|${message.market}`, message.items);
        merge(message.kind, message.market);
        replay(member, message.market);
      } else if (message.op === 'bye') {
        leave(member);
      } else if (message.op === 'retry') {
        stream.retry();
      }
    },
    leave,
    count: () => members.size,
  };
}

/** Last record of each row in one growing buffer: no garbage at 20 frames a second. */
class Cache {
  /** @param {number} kind @param {number} market */
  constructor(kind, market) {
    this.kind = kind;
    this.market = market;
    this.size = RECORD_BYTES[/** @type {1 | 2} */ (kind)];
    /** @type {Map<number, number>} */
    this.places = new Map();
    this.bytes = new Uint8Array(this.size * 64);
    this.serverMs = 0;
    this.at = 0;
  }

  /**
   * @param {ArrayBuffer} frame
   * @param {DataView} view
   * @param {number} count
   * @param {number} serverMs
   * @param {number} at
   */
  put(frame, view, count, serverMs, at) {
    for (let i = 0, from = HEADER_BYTES; i < count; i += 1, from += this.size) {
      const row = view.getUint32(from, true);
      let place = this.places.get(row);
      if (place === undefined) {
        place = this.places.size * this.size;
        this.places.set(row, place);
        if (place + this.size > this.bytes.length) {
          const more = new Uint8Array(this.bytes.length * 2);
          more.set(this.bytes);
          this.bytes = more;
        }
      }
      this.bytes.set(new Uint8Array(frame, from, this.size), place);
    }
    this.serverMs = serverMs;
    this.at = at;
  }

  /**
   * A frame of the rows that are known, stamped with the server's clock of now, so that ages stay true.
   * @param {(number | undefined)[]} rows
   * @param {number} now
   * @returns {ArrayBuffer | null}
   */
  frame(rows, now) {
    const places = rows.flatMap((row) => (row === undefined ? [] : (this.places.get(row) ?? [])));
    if (places.length === 0) return null;
    const bytes = new Uint8Array(HEADER_BYTES + places.length * this.size);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, this.kind);
    view.setUint8(1, 1);
    view.setUint16(2, this.market, true);
    view.setUint32(4, places.length, true);
    view.setFloat64(16, this.serverMs + (now - this.at), true);
    places.forEach((place, i) => bytes.set(this.bytes.subarray(place, place + this.size), HEADER_BYTES + i * this.size));
    return bytes.buffer;
  }
}
