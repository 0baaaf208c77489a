/** Where a strategy begins: templates by view with the shape of each, the wizard for an outlook, and drafts kept earlier. */

import { t, tn } from '../../format/i18n.js';
import { glyph } from '../../payoff/glyph.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { chips } from '../../widgets/parts.js';
import { errorText } from '../shared/text.js';
import { shapeOfTemplate, strategyName } from '../shared/payoff.js';
import { createWizard } from './wizard.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/strategies.js').TemplateTold} Template */

const VIEWS = /** @type {const} */ (['bullish', 'bearish', 'neutral', 'volatile']);

/** @type {Template[] | null} the same for everybody, read once */
let templates = null;

/**
 * @param {Ctx} ctx
 * @param {{ underlying: () => string, expiries: () => import('../../format/wire.js').ChainExpiry[], onTemplate: (key: string) => void, onIdea: (idea: import('../../format/strategies.js').Idea) => void,
 *   onDraft: (one: import('../../format/strategies.js').Strategy) => void }} on
 */
export function createGallery(ctx, on) {
  const cards = h('div', { class: 'templates', role: 'list', 'aria-label': t('builder.templates') });
  const said = h('p', { class: 'search-said', role: 'status' });
  const wizard = createWizard(ctx, { underlying: on.underlying, expiries: on.expiries, templates: () => templates ?? [], onIdea: on.onIdea });
  const view = chips({ label: t('builder.view'), cls: 'views', value: 'bullish', options: [...VIEWS.map((id) => ({ value: /** @type {string} */ (id), label: t(`view.${id}`) })), { value: 'outlook', label: t('builder.outlook') }, { value: 'drafts', label: t('builder.drafts') }], onChange: draw });
  const el = h('div', { class: 'gallery stack' }, view.el, said, cards, wizard.el);

  function draw() {
    const now = view.get();
    wizard.el.hidden = now !== 'outlook';
    cards.hidden = now === 'outlook';
    wizard.show(now === 'outlook');
    if (now === 'outlook') setText(said, '');
    else if (now === 'drafts') drawDrafts();
    else drawTemplates(now);
  }

  /** @param {string} of */
  function drawTemplates(of) {
    const list = (templates ?? []).filter((one) => one.view === of);
    setText(said, templates === null ? t('builder.loading') : '');
    fill(cards, list.map((one) => h('div', { role: 'listitem' }, h('button', { type: 'button', class: 'template', title: t(`strategy.${one.key}.what`), on: { click: () => on.onTemplate(one.key) } },
      glyph(shapeOfTemplate(one)), h('span', { class: 'template-name' }, strategyName(one.key)), h('span', { class: 'template-note' }, one.risk === 'limited' ? tn('builder.legCount', one.legs.length) : t('builder.openRisk'))))));
  }

  function drawDrafts() {
    const list = (ctx.store.state.strategies?.items ?? []).filter(({ strategy }) => strategy.state === 'DRAFT').map(({ strategy }) => strategy);
    setText(said, list.length === 0 ? t('builder.noDrafts') : '');
    fill(cards, list.map((one) => h('div', { class: 'draft', role: 'listitem' }, h('button', { type: 'button', class: 'template wide', on: { click: () => on.onDraft(one) } }, h('span', { class: 'template-name' }, one.name), h('span', { class: 'template-note' }, `${strategyName(one.template, one.legs.length)} · ${tn('builder.legCount', one.legs.length)}`)),
      h('button', { type: 'button', class: 'icon-button', 'aria-label': t('builder.dropDraft', { name: one.name }), on: { click: () => void drop(one.id) } }, icon('trash')))));
  }

  /** @param {string} id */
  async function drop(id) {
    try {
      await ctx.api.dropStrategy(id);
      await ctx.load('strategies');
    } catch (error) {
      ctx.problem(error);
    }
  }

  async function read() {
    if (templates !== null) return;
    try {
      templates = (await ctx.api.templates()).items;
      draw();
    } catch (error) {
      setText(said, errorText(error));
    }
  }

  const off = ctx.store.on(['strategies'], () => {
    if (view.get() === 'drafts') draw();
  });
  draw();
  void read();
  void ctx.load('strategies');
  return {
    el,
    read,
    /** Templates by key once they are known. @param {string} key */
    template: (key) => templates?.find((one) => one.key === key),
    /** Another underlying: ideas are asked anew. */
    changed: () => wizard.changed(),
    destroy() {
      off();
      wizard.destroy();
    },
  };
}
