/**
 * A chain of 61 strikes by 15 columns, all seen, in the real page's grid, model and cell texts; beside it the same cells as a
 * DOM table whose changed texts alone are written. `change` moves the prices of some cells, `run` measures frames.
 */

import { createStore } from '/web/store/store.js';
import { createGrid } from '/web/widgets/grid.js';
import { fillCell, barShare } from '/web/views/options/cells.js';
import { ChainModel } from '/web/views/options/model.js';
import { clearCell, emptyCell } from '/web/widgets/grid-paint.js';

const ROWS = 61;
const PARTS = ['volume', 'oichange', 'oi', 'iv', 'bid', 'ask', 'ltp'];
const SLOTS = [...PARTS.map((part) => ({ part, side: 0 })), { part: 'strike', side: 2 }, ...[...PARTS].reverse().map((part) => ({ part, side: 1 }))];
const root = document.getElementById('root');
const store = createStore({ schedule: (run) => requestAnimationFrame(run), now: () => performance.now() });
const contract = (row, right) => ({ key: `K${row}${right}`, iv: 0.13, iv_reason: '', delta: 0.5, gamma: 0.001, theta: -9, vega: 8, rho: 1, oi_change: 1000 * row, build_up: 'long' });
const model = new ChainModel({ market: 'sim', underlying: 'U', name: 'U', title: '', expiry: '2026-11-24', source: '', at: '', age: 0, lot: 65, expiries: [], notes: [], fit: null,
  summary: { spot: 24000, atm_strike: 24000 }, rows: Array.from({ length: ROWS }, (_, i) => ({ strike: String(22500 + 50 * i), ce: contract(i, 'C'), pe: contract(i, 'P') })) });
const context = { model, store, market: { phase: 'continuous', state: 'running' }, tick: '0.05', figuresOld: false };
store.state.link = { state: 'live', reason: '', heard: Infinity, heartbeat: 2000 };
let seed = 1;
const random = () => ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648);

/** Fill one cell as the page does. */
function cell(row, column, out) {
  const slot = SLOTS[column];
  if (slot.side === 2) {
    out.text = model.strikes[row];
    out.strong = true;
    out.back = 'centre';
    return;
  }
  fillCell(context, slot.part, row, slot.side, out);
  const oi = store.quotes.get(model.keyAt(row, slot.side))?.oi ?? null;
  const near = slot.side === 0 ? 6 - column : column - 8;
  if (oi !== null) {
    out.bar = barShare(oi / 1e7, near, 7);
    out.from = slot.side === 0 ? 'end' : 'start';
    out.barTone = slot.side === 0 ? 'down' : 'up';
  }
}

/** Every figure of a contract moves: all its seven cells change. The strike changes too, so that all 915 do. */
function move(row, right) {
  const price = 20 + random() * 900;
  store.quotes.put(`K${row}${right}`, { ltp: price, bid: price - 0.05 - random(), ask: price + 0.05 + random(), bidQty: 65, askQty: 130, volume: 1e5 + random() * 1e7, oi: 1e6 + random() * 8e6, open: 1, high: 1, low: 1, close: 100, marketMs: 0, flags: 0 }, performance.now());
  const side = right === 'C' ? 0 : 1;
  const i = row;
  model.sides[side].values.iv[i] = 0.1 + random() * 0.3;
  model.sides[side].values.oi_change[i] = random() * 4e5;
}

/** @type {(row: number, column: number) => void} */
let draw = () => {};
let settled = () => true;

function canvas() {
  const grid = createGrid({ label: 'chain', cell, onTap() {}, onHold() {}, onStep() {}, onKey: () => false, start: () => [0, 0], onSize() {
    grid.setRows(ROWS, 18);
    grid.setColumns(SLOTS.map((slot, i) => ({ id: String(i), label: slot.part, width: 80, align: slot.side === 2 ? 'centre' : 'end' })));
  } });
  root.replaceChildren(grid.el);
  draw = (row, column) => grid.dirty(row, column);
  settled = () => grid.settled();
  window.drawn = () => grid.stats.drawn;
}

function table() {
  const out = emptyCell();
  const texts = [];
  const body = document.createElement('tbody');
  for (let r = 0; r < ROWS; r += 1) {
    const tr = body.insertRow();
    for (let c = 0; c < SLOTS.length; c += 1) texts.push(tr.insertCell().appendChild(document.createTextNode('')));
  }
  const el = document.createElement('table');
  el.append(body);
  root.replaceChildren(el);
  draw = (row, column) => {
    clearCell(out);
    cell(row, column, out);
    const text = texts[row * SLOTS.length + column];
    if (text.data !== out.text) text.data = out.text;
  };
  settled = () => true;
}

/** Change `count` cells at random rows. */
function change(count) {
  let left = count;
  const from = Math.floor(random() * ROWS);
  for (let k = 0; k < ROWS && left > 0; k += 1) {
    const row = (from + k) % ROWS;
    for (const right of ['C', 'P']) {
      if (left <= 0) break;
      move(row, right);
      for (let c = 0; c < 7 && left > 0; c += 1, left -= 1) draw(row, right === 'C' ? c : c + 8);
    }
    if (left > 0) {
      model.strikes[row] = String(20000 + Math.floor(random() * 9000));
      draw(row, 7);
      left -= 1;
    }
  }
}

/**
 * `bursts` bursts of changes, `every` ms apart, over all frames in between.
 * @returns frames, milliseconds until a burst is drawn whole
 */
async function run(count, bursts, every) {
  const whole = [];
  let frames = 0;
  let counting = true;
  const tick = () => {
    frames += 1;
    if (counting) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  for (let i = 0; i < bursts; i += 1) {
    const began = performance.now();
    await new Promise((done) => requestAnimationFrame(done));
    change(count);
    do await new Promise((done) => requestAnimationFrame(done)); while (!settled());
    whole.push(performance.now() - began);
    await new Promise((done) => setTimeout(done, Math.max(0, every - (performance.now() - began))));
  }
  counting = false;
  whole.sort((a, b) => a - b);
  return { frames, whole50: whole[whole.length >> 1], whole95: whole[Math.floor(whole.length * 0.95)] };
}

window.B = { canvas, table, change, run };
for (let r = 0; r < ROWS; r += 1) for (const right of ['C', 'P']) move(r, right);
window.ready = true;
