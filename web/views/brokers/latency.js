/** Latency of one endpoint over the span: median and p99 as lines, stretches with failures marked below. The figures beside it say the same. */

import { stamp, toMs } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { number, quantity } from '../../format/numbers.js';
import { h, s } from '../../widgets/dom.js';

/** @typedef {import('../../format/brokers.js').UsageTold['endpoints'][number]} Endpoint */

const WIDTH = 600;
const HEIGHT = 120;
const PAD = 4;

/**
 * @param {Endpoint} row
 * @param {number} from ms since the epoch
 * @param {number} to
 */
export function latencyChart(row, from, to) {
  const title = t('usage.chart', { account: row.account, endpoint: row.endpoint });
  const top = Math.max(1, ...row.course.map((point) => point.p99_ms));
  const x = (/** @type {string} */ at) => (((toMs(at) ?? from) - from) / Math.max(1, to - from)) * WIDTH;
  const y = (/** @type {number} */ ms) => PAD + (HEIGHT - 2 * PAD) * (1 - ms / top);
  const step = (to - from) / 60;
  const failed = row.course.filter((point) => point.failures > 0);
  const plot = s('svg', { class: 'latency-plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': t('usage.chartSays', { title, p50: number(row.p50_ms, 0), p99: number(row.p99_ms, 0), calls: quantity(row.calls), failures: quantity(row.failures) }) },
    s('line', { class: 'latency-grid', x1: 0, x2: WIDTH, y1: y(top), y2: y(top), 'vector-effect': 'non-scaling-stroke' }),
    s('line', { class: 'latency-grid', x1: 0, x2: WIDTH, y1: y(top / 2), y2: y(top / 2), 'vector-effect': 'non-scaling-stroke' }),
    failed.map((point) => s('rect', { class: 'latency-failed', x: (x(point.at) - 2).toFixed(1), y: HEIGHT - 14, width: 4, height: 14 })),
    s('path', { class: 'latency-p99', 'vector-effect': 'non-scaling-stroke', d: path(row.course.map((point) => [x(point.at), y(point.p99_ms)]), gap) }),
    s('path', { class: 'latency-p50', 'vector-effect': 'non-scaling-stroke', d: path(row.course.map((point) => [x(point.at), y(point.p50_ms)]), gap) }));
  return h('section', { class: 'panel pad stack tight latency', 'aria-label': title },
    h('div', { class: 'card-head' }, h('h2', { class: 'card-title grow' }, title),
      h('span', { class: 'latency-key p50' }, t('usage.p50')), h('span', { class: 'latency-key p99' }, t('usage.p99')), failed.length > 0 ? h('span', { class: 'latency-key failed' }, t('usage.failures')) : null),
    h('div', { class: 'latency-box' }, h('span', { class: 'latency-scale', 'aria-hidden': 'true' }, h('span', null, `${number(top, 0)} ms`), h('span', null, `${number(top / 2, 0)} ms`), h('span', null, '0')), plot),
    h('div', { class: 'latency-ends', 'aria-hidden': 'true' }, h('span', null, stamp(from, to)), h('span', null, stamp(to, to))),
    row.last_problem ? h('p', { class: 'note warn' }, t('usage.lastProblem', { what: row.last_problem })) : null);

  /** Whether the line breaks between two points: there were stretches without a call. @param {number} a @param {number} b */
  function gap(a, b) {
    return b - a > (step / Math.max(1, to - from)) * WIDTH * 2.5;
  }
}

/** @param {[number, number][]} points @param {(a: number, b: number) => boolean} gap */
function path(points, gap) {
  return points.map(([x, y], i) => {
    const before = points[i - 1];
    const after = points[i + 1];
    const begins = !before || gap(before[0], x);
    const alone = begins && (!after || gap(x, after[0]));
    // a point by itself is a short dash: a line of no length is not seen
    return alone ? `M${(x - 1.5).toFixed(1)} ${y.toFixed(1)}h3` : `${begins ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
  }).join('');
}
