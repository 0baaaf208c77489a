/** The sheet where the chart's kind and its indicators are chosen. */

import { INDICATORS } from '../../chart/indicators/index.js';
import { t } from '../../format/i18n.js';
import { h } from '../../widgets/dom.js';
import { chips } from '../../widgets/parts.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../chart/types.js').IndicatorSpec} IndicatorSpec */

export const KINDS = Object.freeze(['candles', 'heikin', 'line', 'area']);

/** Presets offered: an indicator's kind, with periods traders use. */
export const PRESETS = Object.freeze([
  { id: 'ema9', kind: 'ema', params: { period: 9 } },
  { id: 'ema20', kind: 'ema', params: { period: 20 } },
  { id: 'ema50', kind: 'ema', params: { period: 50 } },
  { id: 'sma50', kind: 'sma', params: { period: 50 } },
  { id: 'sma200', kind: 'sma', params: { period: 200 } },
  { id: 'vwap', kind: 'vwap', params: {} },
  { id: 'bollinger', kind: 'bollinger', params: {} },
  { id: 'rsi', kind: 'rsi', params: {} },
  { id: 'macd', kind: 'macd', params: {} },
  { id: 'atr', kind: 'atr', params: {} },
]);

/** @param {readonly string[]} ids @returns {IndicatorSpec[]} those that exist */
export function specsOf(ids) {
  return PRESETS.filter((preset) => ids.includes(preset.id)).map((preset) => ({ id: preset.id, kind: preset.kind, params: /** @type {Record<string, number>} */ (preset.params) }));
}

/** @param {{ kind: string, params: object }} preset */
function nameOf(preset) {
  const kind = INDICATORS.get(preset.kind);
  const periods = Object.values({ ...kind?.params, ...preset.params });
  return [kind?.title ?? preset.kind, ...periods].join(' ');
}

/**
 * @param {Ctx} ctx
 * @param {{ kind: string, chosen: readonly string[], volume: boolean, onKind: (kind: string) => void, onChange: (chosen: string[], volume: boolean) => void }} spec
 */
export function openStyle(ctx, { kind, chosen, volume, onKind, onChange }) {
  const kinds = chips({ label: t('chart.kind'), value: kind, options: KINDS.map((one) => ({ value: one, label: t(`chart.kind.${one}`) })), onChange: onKind });
  const boxes = PRESETS.map((preset) => h('input', { type: 'checkbox', value: preset.id, checked: chosen.includes(preset.id) }));
  const bars = h('input', { type: 'checkbox', checked: volume });
  const changed = () => onChange(boxes.filter((box) => box.checked).map((box) => box.value), bars.checked);
  const rows = PRESETS.map((preset, i) => h('label', { class: 'chart-choice' }, boxes[i], h('span', null, nameOf(preset)), h('span', { class: 'muted' }, t(`chart.about.${preset.kind}`))));
  const body = h('div', { class: 'chart-choices', on: { change: changed } }, kinds.el,
    h('label', { class: 'chart-choice' }, bars, h('span', null, t('chart.volume')), h('span', { class: 'muted' }, t('chart.about.volume'))), rows);
  ctx.sheet(t('chart.style'), body);
}
