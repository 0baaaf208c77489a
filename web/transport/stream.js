/**
 * The one socket to /stream: hello, resume by sequence, liveness both ways, reconnect with backoff.
 *
 * A cut network shows as silence, not as a close event, so liveness is judged by the time since the last message.
 * Runs in the SharedWorker or, where there is none, in the page.
 */

const FIRST_BACKOFF_MS = 250;
const LAST_BACKOFF_MS = 5000;
const PING_MS = 5000;
const SILENT_BEATS = 3;

/** @typedef {'watch' | 'depth' | 'bars' | 'chains'} SetKind */
/** @typedef {'connecting' | 'live' | 'down'} LinkState */

/**
 * @typedef {object} StreamSinks
 * @property {(message: any) => void} onText
 * @property {(frame: ArrayBuffer) => void} onFrame
 * @property {(state: LinkState, reason: string) => void} onState
 */

/**
 * @typedef {object} Stream
 * @property {(kind: SetKind, market: string, items: unknown[]) => void} want replace a set; sent now and after each reconnect
 * @property {() => void} retry try now instead of waiting out the backoff
 * @property {() => void} close
 */

/**
 * @param {string} url
 * @param {StreamSinks} sinks
 * @param {{ now?: () => number }} [options]
 * @returns {Stream}
 */
export function createStream(url, sinks, { now = () => performance.now() } = {}) {
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {Map<string, { op: SetKind, market: string, items: unknown[] }>} */
  const wanted = new Map();
  /** @type {number | null} */
  let since = null;
  /** @type {string | null} */
  let boot = null;
  let welcomed = false;
  let heardAt = 0;
  let beatMs = 2000;
  let failures = 0;
  let closed = false;
  let retryTimer = 0;

  function connect() {
    if (closed || socket) return;
    sinks.onState('connecting', '');
    welcomed = false;
    heardAt = now();
    const opened = new WebSocket(url);
    opened.binaryType = 'arraybuffer';
    socket = opened;
    opened.addEventListener('open', () => {
      if (socket === opened) say({ op: 'hello', v: 1, since, boot });
    });
    opened.addEventListener('message', (event) => {
      if (socket !== opened) return;
      heardAt = now();
      if (typeof event.data === 'string') receive(event.data);
      else sinks.onFrame(event.data);
    });
    opened.addEventListener('close', (event) => {
      if (socket === opened) lost(event.reason || `closed ${event.code}`);
    });
  }

  /** @param {string} text */
  function receive(text) {
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      lost('unreadable message');
      return;
    }
    if (message.type === 'welcome') {
      if (message.boot !== boot || !message.resumed) since = message.seq;
      boot = message.boot;
      beatMs = (message.heartbeat ?? 2) * 1000;
      welcomed = true;
      failures = 0;
      sinks.onText(message);
      for (const set of wanted.values()) sendSet(set);
      sinks.onState('live', '');
      return;
    }
    if (message.type === 'event') since = message.seq;
    sinks.onText(message);
  }

  /** @param {string} reason */
  function lost(reason) {
    const old = socket;
    socket = null;
    old?.close();
    if (closed) return;
    sinks.onState('down', reason);
    const wait = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
    failures += 1;
    clearTimeout(retryTimer);
    // spread, so that many windows do not come back in the same instant
    retryTimer = setTimeout(connect, wait * (0.7 + Math.random() * 0.6));
  }

  /** @param {object} message */
  function say(message) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  /** @param {{ op: SetKind, market: string, items: unknown[] }} set */
  function sendSet({ op, market, items }) {
    say({ op, market, [op === 'bars' ? 'series' : op === 'chains' ? 'chains' : 'keys']: items });
  }

  const pulse = setInterval(() => {
    if (!socket) return;
    if (now() - heardAt > beatMs * SILENT_BEATS) lost('silent');
  }, 1000);
  const pings = setInterval(() => {
    if (welcomed) say({ op: 'ping', t: Math.round(now()) });
  }, PING_MS);

  connect();
  return {
    want(kind, market, items) {
      const key = `${kind}|${market}`;
      const set = { op: kind, market, items };
      wanted.set(key, set);
      if (welcomed) sendSet(set);
    },
    retry() {
      if (socket || closed) return;
      clearTimeout(retryTimer);
      connect();
    },
    close() {
      closed = true;
      clearInterval(pulse);
      clearInterval(pings);
      clearTimeout(retryTimer);
      socket?.close(1000);
      socket = null;
    },
  };
}
