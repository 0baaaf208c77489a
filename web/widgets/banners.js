/** Bars under the strip: what concerns the whole screen, until it is over. */

import { fill, h, icon } from './dom.js';

/** @typedef {{ id: string, tone: 'down' | 'warn' | 'sim', text: string, action?: string, run?: () => void }} Banner */

export function banners() {
  const el = h('div', { class: 'banners', role: 'status', 'aria-live': 'polite' });
  let drawn = '';
  return {
    el,
    /** @param {Banner[]} list */
    set(list) {
      const shape = list.map((one) => `${one.id}:${one.text}`).join('|');
      if (shape === drawn) return;
      drawn = shape;
      fill(el, list.map((one) => h('div', { class: `banner ${one.tone}` }, icon(one.tone === 'down' ? 'stop' : 'warn'), h('span', { class: 'grow' }, one.text),
        one.action ? h('button', { type: 'button', class: 'link', on: { click: () => one.run?.() } }, one.action) : null)));
    },
  };
}
