/**
 * What a ticket can do beyond the plain order: parts of an iceberg, the stop of a cover order, stop and target of a bracket,
 * disclosed quantity, market protection. Closed until it is asked for; what is not offered for the type is not shown.
 */

import { t } from '../../format/i18n.js';
import { quantity, toNumber } from '../../format/numbers.js';
import { fractional, plainSize, size, unitsOf } from '../../format/sizes.js';
import { h } from '../../widgets/dom.js';
import { chips } from '../../widgets/parts.js';
import { stepper } from '../../widgets/stepper.js';
import { partsOf, stepPrice, stepQuantity, stepSize, takesDisclosed, takesProtection } from '../shared/orderform.js';

/** @typedef {import('../shared/orderform.js').Draft} Draft */

const KINDS = /** @type {const} */ (['plain', 'iceberg', 'cover', 'bracket']);
const PROTECTION_STEP = 0.5;

/**
 * @param {object} spec
 * @param {Draft} spec.draft
 * @param {() => number} spec.lot
 * @param {() => string} spec.unit
 * @param {() => string} spec.tick
 * @param {() => number | null} spec.last
 * @param {() => void} spec.onKind the variety changed: type, product and what is shown follow
 * @param {() => void} spec.onChange
 */
export function moreFields({ draft, lot, unit, tick, last, onKind, onChange }) {
  const kind = chips({ label: t('variety.label'), value: draft.variety, options: KINDS.map((value) => ({ value, label: t(`variety.${value}`), title: t(`varietyHelp.${value}`) })), onChange: (value) => {
    draft.variety = value;
    begin();
    onKind();
  } });
  const help = h('p', { class: 'faint more-help' });
  const slice = units('ticket.slice', () => draft.slice, (value) => (draft.slice = value));
  const disclosed = units('ticket.disclosed', () => draft.disclosed, (value) => (draft.disclosed = value));
  const stop = priced('ticket.stop', () => draft.stop, (value) => (draft.stop = value));
  const target = priced('ticket.target', () => draft.target, (value) => (draft.target = value));
  const protection = stepper({ label: t('ticket.protection'), less: t('ticket.less'), more: t('ticket.more'), mode: 'decimal', value: draft.protection, onChange: (value) => {
    draft.protection = value;
    onChange();
  }, step: (value, direction) => {
    const next = (toNumber(value) ?? 0) + direction * PROTECTION_STEP;
    return next > 0 ? String(next) : '';
  } });
  const summary = h('summary', null, t('ticket.moreOptions'));
  const el = h('details', { class: 'ticket-more' }, summary, kind.el, help, h('div', { class: 'ticket-fields' }, slice.el, stop.el, target.el, disclosed.el, protection.el));

  /** Units as the field shows them: lots, or the fraction itself. @param {number | null} units_ */
  function asText(units_) {
    if (units_ === null) return '';
    return fractional(unit()) ? plainSize(units_, unit()) : String(Math.floor(units_ / lot()));
  }

  /** @param {string} label @param {() => number | null} get @param {(value: number | null) => void} set */
  function units(label, get, set) {
    const shown = () => asText(get());
    return stepper({ label: t(label), less: t('ticket.less'), more: t('ticket.more'), mode: 'numeric', value: shown(), onChange: (value) => {
      const whole = fractional(unit()) ? unitsOf(value, unit()) : /^\d+$/.test(value) ? Number(value) * lot() : null;
      set(whole || null);
      onChange();
    }, step: (_, direction, big) => {
      set(fractional(unit()) ? stepSize(get(), lot(), direction, big) : stepQuantity(get(), lot(), direction, big));
      return shown();
    } });
  }

  /** @param {string} label @param {() => string} get @param {(value: string) => void} set */
  function priced(label, get, set) {
    return stepper({ label: t(label), less: t('ticket.priceLess'), more: t('ticket.priceMore'), mode: 'decimal', value: get(), onChange: (value) => {
      set(value);
      onChange();
    }, step: (value, direction, big) => stepPrice(value || String(last() ?? ''), tick(), direction, big) });
  }

  /** A first value where there is none: a fifth of the quantity, a percent away from the price. */
  function begin() {
    const one = lot();
    if (draft.variety === 'iceberg' && draft.slice === null && draft.quantity !== null) {
      draft.slice = Math.max(one, Math.ceil(draft.quantity / 5 / one) * one);
      slice.set(asText(draft.slice));
    }
    const from = toNumber(draft.price) ?? last();
    if ((draft.variety === 'cover' || draft.variety === 'bracket') && from !== null) {
      const way = draft.side === 'BUY' ? 1 : -1;
      const at = (/** @type {number} */ share) => stepPrice(stepPrice((from * (1 + way * share)).toFixed(2), tick(), 1, false), tick(), -1, false);
      if (!draft.stop) stop.set((draft.stop = at(-0.01)));
      if (draft.variety === 'bracket' && !draft.target) target.set((draft.target = at(0.02)));
    }
  }

  return {
    el,
    /** Show what fits. @param {boolean} offered whether the ticket places a new order now */
    draw(offered) {
      el.hidden = !offered;
      kind.set(draft.variety);
      const parent = draft.variety !== 'plain';
      help.textContent = t(`varietyHelp.${draft.variety}`);
      slice.el.hidden = draft.variety !== 'iceberg';
      stop.el.hidden = draft.variety !== 'cover' && draft.variety !== 'bracket';
      target.el.hidden = draft.variety !== 'bracket';
      disclosed.el.hidden = parent || !takesDisclosed(draft);
      protection.el.hidden = parent || !takesProtection(draft);
      const parts = partsOf(draft);
      slice.hint(draft.variety === 'iceberg' && parts ? t('ticket.parts', { parts: quantity(parts), units: size(draft.slice, unit()) }) : '');
    },
    /** The side was turned: stop and target belong on the other sides now. */
    turned() {
      [draft.stop, draft.target] = ['', ''];
      stop.set('');
      target.set('');
      begin();
    },
    /** @param {Set<string | undefined>} fields named by problems */
    mark(fields) {
      slice.hint(slice.el.querySelector('.field-hint')?.textContent ?? '', fields.has('slice'));
      stop.hint('', fields.has('stop'));
      target.hint('', fields.has('target'));
      disclosed.hint('', fields.has('disclosed'));
      protection.hint('', fields.has('protection'));
    },
  };
}
