/**
 * The page's end of the stream: the SharedWorker's hub where the browser has one, a hub of its own otherwise.
 */

import { createHub } from './hub.js';
import { createStream } from './stream.js';

/** @typedef {import('./stream.js').SetKind} SetKind */

/**
 * @typedef {object} Link
 * @property {(kind: SetKind, market: string, items: unknown[]) => void} want
 * @property {() => void} retry
 * @property {() => void} close
 * @property {() => 'worker' | 'page'} kind who holds the socket
 */

const ATTACH_MS = 3000;
const ALIVE_MS = 20_000;

/**
 * @param {{ workerUrl: any, onMessage: (message: any) => void }} options workerUrl: trusted URL of worker.js, or null for none
 * @returns {Link}
 */
export function createLink({ workerUrl, onMessage }) {
  /** @type {Map<string, { kind: SetKind, market: string, items: unknown[] }>} */
  const sets = new Map();
  /** @type {(message: any) => void} */
  let say = () => {};
  /** @type {'worker' | 'page'} */
  let kind = 'page';
  let attached = false;
  /** @type {() => void} */
  let drop = () => {};

  function viaPage() {
    drop();
    kind = 'page';
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const stream = { close() {} };
    const hub = createHub((sinks) => Object.assign(stream, createStream(`${scheme}://${location.host}/stream`, sinks)));
    const member = hub.join({ postMessage: (message) => queueMicrotask(() => onMessage(message)) });
    say = (message) => hub.receive(member, message);
    drop = () => stream.close();
    resend();
  }

  function viaWorker() {
    const worker = new SharedWorker(workerUrl, { type: 'module', name: 'sauda-stream-2' });
    kind = 'worker';
    const { port } = worker;
    const timer = setTimeout(() => {
      if (!attached) viaPage();
    }, ATTACH_MS);
    worker.addEventListener('error', () => {
      clearTimeout(timer);
      if (!attached) viaPage();
    });
    port.addEventListener('message', (event) => {
      attached = true;
      onMessage(event.data);
    });
    port.start();
    say = (message) => port.postMessage(message);
    drop = () => {
      clearTimeout(timer);
      say({ op: 'bye' });
      port.close();
    };
    resend();
  }

  function resend() {
    for (const set of sets.values()) say({ op: 'set', ...set });
  }

  if (workerUrl && typeof SharedWorker === 'function') {
    try {
      viaWorker();
    } catch {
      viaPage();
    }
  } else {
    viaPage();
  }
  const alive = setInterval(() => say({ op: 'alive' }), ALIVE_MS);
  addEventListener('pagehide', () => say({ op: 'bye' }));
  addEventListener('pageshow', (event) => {
    if (event.persisted) resend();
  });

  return {
    want(setKind, market, items) {
      const set = { kind: setKind, market, items };
      sets.set(`${setKind}|${market}`, set);
      say({ op: 'set', ...set });
    },
    retry: () => say({ op: 'retry' }),
    close() {
      clearInterval(alive);
      drop();
    },
    kind: () => kind,
  };
}
