// A chart alone on a page, with made-up bars, for tests to drive through `window.stage`.

import { createChart, readTheme } from '/web/chart/index.js';

const DAY = 86_400_000;
const OPEN = 13_500_000; // 09:15 IST in ms after UTC midnight
const box = document.getElementById('box');

/** Minutes of sessions 09:15 to 15:30 on weekdays, a seeded walk; the same for the same arguments. */
function bars(n, { seed = 7, minutes = 1, start = 24400, step = 6, tick = 0.05, end = Date.UTC(2026, 10, 20) } = {}) {
  let state = seed >>> 0;
  const random = () => ((state = (state * 1664525 + 1013904223) >>> 0) / 4294967296);
  const times = [];
  const perDay = Math.ceil(375 / minutes);
  for (let day = end; times.length < n; day -= DAY) {
    const week = new Date(day).getUTCDay();
    if (week === 0 || week === 6) continue;
    for (let k = (day === end ? Math.ceil(perDay * 0.55) : perDay) - 1; k >= 0 && times.length < n; k -= 1) times.push(day + OPEN + k * minutes * 60_000);
  }
  times.reverse();
  const round = (value) => Math.round(value / tick) * tick;
  const columns = { t: times, o: [], h: [], l: [], c: [], v: [] };
  let price = start;
  for (let i = 0; i < n; i += 1) {
    const close = price + (random() + random() + random() - 1.5) * step + (start - price) * 0.0004;
    columns.o.push(round(price));
    columns.c.push(round(close));
    columns.h.push(round(Math.max(price, close) + random() * step * 0.6));
    columns.l.push(round(Math.min(price, close) - random() * step * 0.6));
    columns.v.push(Math.floor(random() * random() * 90_000));
    price = close;
  }
  return columns;
}

const WORDS = { label: 'Test chart', goLive: 'Go to now', empty: 'No bars yet.', tapToSend: 'Tap to send', keys: 'Arrows move the crosshair.' };
const said = { older: [], drags: [], cross: null, view: null };

function make(options = {}) {
  box.replaceChildren();
  const chart = createChart(box, { theme: readTheme(box), words: WORDS, tick: 0.05, ...options });
  chart.onCrosshair((at) => { said.cross = at; });
  chart.onView((view) => { said.view = view; });
  chart.onLineDrag((drag) => {
    said.drags.push(drag);
    return drag.phase === 'move' ? `${drag.price.toFixed(2)}` : '';
  });
  window.stage.chart = chart;
  return chart;
}

const settled = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

/** Colours of a layer's pixels and how many there are of each, "r,g,b,a". */
function colours(layer) {
  const canvas = box.querySelector(`.chart-layer-${layer}`);
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const found = {};
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 0) continue;
    const key = `${data[i]},${data[i + 1]},${data[i + 2]},${data[i + 3]}`;
    found[key] = (found[key] ?? 0) + 1;
  }
  return found;
}

/** Count rectangles drawn on each layer from now on. */
function spy() {
  const drawn = { base: 0, series: 0, overlay: 0 };
  for (const layer of Object.keys(drawn)) {
    const context = box.querySelector(`.chart-layer-${layer}`).getContext('2d');
    const { fillRect } = CanvasRenderingContext2D.prototype;
    context.fillRect = (...place) => {
      drawn[layer] += 1;
      fillRect.apply(context, place);
    };
  }
  return drawn;
}

/** Words of the legend, row by row. */
const legend = () => [...box.querySelectorAll('.chart-legend-row')].map((row) => [...row.children].map((item) => item.textContent).join(' '));
const spoken = () => box.querySelector('.chart-spoken').textContent;

window.stage = { bars, make, said, settled, colours, spy, legend, spoken, chart: null };
window.ready = true;
