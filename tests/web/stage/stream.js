/** Stand-ins for the stream's tests: a hub over no socket, and a WebSocket that says what it is told. */

/** @param {typeof import('/web/transport/hub.js')} m */
export function hubStage(m) {
  const wants = [];
  const at = { now: 1000 };
  let sinks;
  const hub = m.createHub((given) => {
    sinks = given;
    return { want: (...wanted) => wants.push(wanted), retry() {}, close() {} };
  }, { now: () => at.now });
  const port = () => {
    const got = [];
    return { got, postMessage: (message) => got.push(message) };
  };
  return { wants, at, hub, port, sinks };
}

/** A quotes frame of [row, last price, received at]. */
export function quoteFrame(rows, serverMs) {
  const view = new DataView(new ArrayBuffer(24 + rows.length * 112));
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint16(2, 1, true);
  view.setUint32(4, rows.length, true);
  view.setFloat64(16, serverMs, true);
  rows.forEach(([row, ltp, received], i) => {
    const at = 24 + i * 112;
    view.setUint32(at, row, true);
    view.setFloat64(at + 16, received, true);
    view.setFloat64(at + 24, ltp, true);
  });
  return view.buffer;
}

/** @param {typeof import('/web/transport/stream.js')} m */
export function socketStage(m) {
  const sockets = [];
  const states = [];
  class Fake extends EventTarget {
    static OPEN = 1;

    constructor(url) {
      super();
      this.url = url;
      this.sent = [];
      this.readyState = 1;
      sockets.push(this);
    }

    send(text) {
      this.sent.push(JSON.parse(text));
    }

    close() {
      this.readyState = 3;
    }

    open() {
      this.dispatchEvent(new Event('open'));
    }

    say(message) {
      this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
    }

    cut() {
      this.dispatchEvent(new CloseEvent('close', { code: 1006 }));
    }
  }
  const real = globalThis.WebSocket;
  globalThis.WebSocket = Fake;
  const at = { now: 0 };
  const sinks = { onText() {}, onFrame() {}, onState: (state) => states.push(state) };
  const stream = m.createStream('ws://nowhere/stream', sinks, { now: () => at.now });
  return {
    sockets,
    states,
    at,
    stream,
    welcome: (changes) => ({ type: 'welcome', v: 1, boot: 'b1', seq: 5, heartbeat: 2, resumed: false, markets: [], ...changes }),
    end() {
      stream.close();
      globalThis.WebSocket = real;
    },
  };
}
