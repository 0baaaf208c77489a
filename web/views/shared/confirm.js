/** The one primary action of a screen: a tap on paper, a slide on live. Its text says exactly what will happen. */

import { t } from '../../format/i18n.js';
import { account } from '../../store/selectors.js';
import { h, setAttr, setClass, setText } from '../../widgets/dom.js';
import { slide } from '../../widgets/slide.js';

/**
 * @param {import('../context.js').Ctx} ctx
 * @param {() => void} onSend
 */
export function sendButton(ctx, onSend) {
  const live = account(ctx.store)?.mode === 'LIVE';
  if (live) {
    const slider = slide({ label: '', confirm: t('send.enterAgain'), onSend });
    return {
      el: slider.el,
      /** @param {{ text: string, tone?: string, off?: boolean }} view */
      set({ text, tone = '', off = false }) {
        slider.label(t('send.slide', { what: text }));
        slider.disable(off);
        setClass(slider.el, `slide ${tone}`.trim());
      },
    };
  }
  const el = h('button', { type: 'button', class: 'primary', on: { click: onSend } });
  return {
    el,
    /** @param {{ text: string, tone?: string, off?: boolean }} view */
    set({ text, tone = '', off = false }) {
      setText(el, text);
      setClass(el, `primary ${tone}`.trim());
      el.disabled = off;
      setAttr(el, 'aria-disabled', off ? 'true' : null);
    },
  };
}
