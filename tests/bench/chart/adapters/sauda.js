// Sauda's chart behind the shared harness' adapter: candles, volume pane, axes, legend, last price, all as in the app.
// The harness counts seconds, the chart milliseconds.
import { createChart } from '/web/chart/index.js';

const THEME = {
  surface: '#ffffff', raised: '#ffffff', line: '#e3e6eb', text: '#12161d', muted: '#5c6675', faint: '#737d8c', accent: '#2d5be3',
  accentBg: '#e9eefc', up: '#0a7f59', down: '#c4362c', warn: '#9a5b00', font: 'sans-serif',
};
const WORDS = { label: 'Chart', goLive: 'Go to now', empty: '', tapToSend: 'Tap to send', keys: '' };

export async function create(el) {
  const sheet = document.createElement('link');
  sheet.rel = 'stylesheet';
  sheet.href = '/web/chart/chart.css';
  await new Promise((done) => {
    sheet.onload = done;
    document.head.append(sheet);
  });
  const chart = createChart(el, { theme: THEME, words: WORDS, tick: 0.05, interval: 60_000 });
  return {
    convert: ({ t, o, h, l, c, v }) => ({ t: t.map((second) => second * 1000), o, h, l, c, v }),
    load: (data) => chart.setBars(data),
    show: (n) => chart.show(n),
    pan: (dx) => chart.pan(dx),
    zoom: (factor) => chart.zoom(factor),
    update: ({ t, o, h, l, c, v }) => chart.update({ t: t * 1000, o, h, l, c, v }),
    visible: () => {
      const { from, to } = chart.view();
      return to - from + 1;
    },
  };
}
