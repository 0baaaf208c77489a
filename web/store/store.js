/**
 * The store: state, and who wants to hear which part of it changed. Changes are gathered and told once a frame; the
 * scheduler is handed in, so the store knows no DOM.
 */

import { QuoteBook } from './quotes.js';
import { emptyState } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {keyof State | 'quotes' | 'clock'} Slice 'clock' is told twice a second, for ages */
/** @typedef {(changed: ReadonlySet<Slice>, keys: ReadonlySet<string>) => void} Listener keys: instruments whose price changed */

/**
 * @typedef {object} Store
 * @property {Readonly<State>} state
 * @property {QuoteBook} quotes
 * @property {() => number} now steady clock, ms
 * @property {<K extends keyof State>(slice: K, value: State[K]) => void} set
 * @property {<K extends keyof State>(slice: K, change: (value: State[K]) => State[K]) => void} update
 * @property {(slices: Slice[], listener: Listener) => () => void} on
 * @property {(slice: Slice) => void} touch say that a slice changed
 * @property {() => void} flush tell the listeners now
 */

/**
 * @param {{ schedule: (run: () => void) => void, now: () => number, onError?: (error: unknown) => void }} options
 * @returns {Store}
 */
export function createStore({ schedule, now, onError = (error) => { throw error; } }) {
  const state = emptyState();
  const quotes = new QuoteBook();
  /** @type {Set<{ slices: Set<Slice>, listener: Listener }>} */
  const listeners = new Set();
  /** @type {Set<Slice>} */
  let changed = new Set();
  let waiting = false;

  /** @param {Slice} slice */
  function touch(slice) {
    changed.add(slice);
    if (waiting) return;
    waiting = true;
    schedule(flush);
  }

  function flush() {
    waiting = false;
    if (changed.size === 0) return;
    const now_ = changed;
    changed = new Set();
    const keys = now_.has('quotes') ? quotes.takeDirty() : EMPTY;
    for (const entry of [...listeners]) {
      if (!listeners.has(entry) || !overlaps(entry.slices, now_)) continue;
      try {
        entry.listener(now_, keys);
      } catch (error) {
        onError(error);
      }
    }
  }

  return {
    state,
    quotes,
    now,
    set(slice, value) {
      state[slice] = value;
      touch(slice);
    },
    update(slice, change) {
      state[slice] = change(state[slice]);
      touch(slice);
    },
    on(slices, listener) {
      const entry = { slices: new Set(slices), listener };
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
    touch,
    flush,
  };
}

/** @type {ReadonlySet<string>} */
const EMPTY = new Set();

/**
 * @param {Set<Slice>} a
 * @param {Set<Slice>} b
 */
function overlaps(a, b) {
  for (const item of a) if (b.has(item)) return true;
  return false;
}
