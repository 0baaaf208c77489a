/** Wallet: balance, what is held as margin and for what, every posting with the balance after it. */

import { stamp } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { direction, price, profit, rupees } from '../../format/numbers.js';
import { account } from '../../store/selectors.js';
import { h, icon } from '../../widgets/dom.js';
import { empty, figure, meter } from '../../widgets/parts.js';
import { createTable } from '../../widgets/table.js';
import { errorText, labelOf, tickOf } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').Statement} Statement */

const PAGE = 100;

/** @param {Ctx} ctx @returns {import('../context.js').Page} */
export function create(ctx) {
  const figures = {
    equity: figure(t('funds.equity'), { big: true }), free: figure(t('funds.free')), margin: figure(t('funds.margin')), cash: figure(t('funds.cash')),
    unrealised: figure(t('funds.unrealised')), realised: figure(t('funds.realised')), charges: figure(t('funds.charges')), tax: figure(t('funds.tax')),
  };
  const used = meter(t('funds.used'));
  const deposit = h('button', { type: 'button', class: 'button', on: { click: () => openMove(ctx, 'deposit') } }, icon('plus'), t('funds.deposit'));
  const withdraw = h('button', { type: 'button', class: 'button', on: { click: () => openMove(ctx, 'withdraw') } }, icon('minus'), t('funds.withdraw'));
  /** @type {Statement[]} */
  let rows = [];
  /** @type {Statement[]} margin postings, for what is held */
  let held = [];
  /** @type {string | number | null} */
  let next = null;
  const holds = createTable({
    label: t('wallet.holds'),
    empty: h('p', { class: 'muted pad' }, t('wallet.noHolds')),
    key: (/** @type {{ key: string, reference: string, amount: number }} */ hold) => `${hold.key}|${hold.reference}`,
    columns: [
      { id: 'what', label: t('col.instrument'), width: 'minmax(0, 2fr)', cell: (hold) => ({ text: hold.key ? labelOf(ctx, hold.key) : purpose(hold.reference), cls: 'strong' }), place: 'title' },
      { id: 'for', label: t('col.for'), width: 'minmax(0, 2fr)', cell: (hold) => (hold.key ? hold.reference : ''), place: 'sub' },
      { id: 'amount', label: t('col.amount'), num: true, cell: (hold) => rupees(hold.amount), place: 'main' },
    ],
  });
  const statement = createTable({
    label: t('wallet.statement'),
    empty: empty({ icon: 'wallet', title: t('wallet.emptyTitle'), text: t('wallet.emptyText') }),
    key: (/** @type {Statement & { i: number }} */ row) => `${row.at}|${row.reference}|${row.book}|${row.kind}|${row.amount}|${row.i}`,
    columns: [
      { id: 'at', label: t('col.time'), width: '16ch', cell: (row) => ({ text: stamp(row.at_market, null), cls: 'muted' }), place: 'sub' },
      { id: 'kind', label: t('col.kind'), width: '17ch', cell: (row) => ({ text: t(`posting.${row.kind}`), cls: 'strong' }), place: 'title' },
      { id: 'what', label: t('col.for'), width: 'minmax(0, 2fr)', cell: (row) => ({ text: row.key ? about(ctx, row) : purpose(row.reference), title: row.reference }), place: 'sub' },
      { id: 'amount', label: t('col.amount'), num: true, width: 'minmax(104px, 1.1fr)', cell: (row) => ({ text: profit(row.amount), cls: direction(row.amount) }), place: 'main' },
      { id: 'balance', label: t('col.balance'), num: true, width: 'minmax(108px, 1.2fr)', cell: (row) => rupees(row.balance), place: 'note' },
    ],
  });
  const more = h('button', { type: 'button', class: 'button', on: { click: () => void load(true) } }, t('more'));
  const fault = h('p', { class: 'note warn', hidden: true });
  const el = h('div', { class: 'page wallet' },
    h('div', { class: 'page-head' }, h('h1', { class: 'page-title' }, t('wallet.title')), h('span', { class: 'grow' }), withdraw, deposit),
    h('div', { class: 'figures hero' }, Object.values(figures).map((one) => one.el)),
    h('div', { class: 'panel pad' }, h('span', { class: 'figure-label' }, t('funds.used')), used.el),
    h('section', { class: 'panel', 'aria-label': t('wallet.holds') }, h('h2', { class: 'panel-title' }, t('wallet.holds')), holds.el),
    h('section', { class: 'panel', 'aria-label': t('wallet.statement') }, h('h2', { class: 'panel-title' }, t('wallet.statement')), fault, statement.el, more));

  /** @param {boolean} [older] */
  async function load(older = false) {
    const mine = ctx.store.state.account;
    if (!mine) return;
    try {
      const [answer, margin] = await Promise.all([ctx.api.statement(mine, { limit: PAGE, before: older ? (next ?? undefined) : undefined }), ctx.api.statement(mine, { book: 'margin', limit: 500 })]);
      if (mine !== ctx.store.state.account) return;
      held = margin.items;
      rows = older ? [...rows, ...answer.items] : answer.items;
      next = answer.next ?? null;
      fault.hidden = true;
      ctx.ensure(rows.flatMap((row) => (row.key ? [row.key] : [])));
      draw();
    } catch (error) {
      fault.textContent = errorText(error);
      fault.hidden = false;
    }
  }

  function draw() {
    const { funds } = ctx.store.state;
    const gain = ctx.store.state.overview?.pnl.day;
    figures.equity.set(rupees(funds?.equity), '', gain === undefined ? '' : t('funds.today', { amount: profit(gain) }));
    figures.free.set(rupees(funds?.free));
    figures.margin.set(rupees(funds?.margin));
    figures.cash.set(rupees(funds?.cash));
    figures.unrealised.set(profit(funds?.unrealised), direction(funds?.unrealised));
    figures.realised.set(profit(funds?.realised_today), direction(funds?.realised_today));
    figures.charges.set(rupees(funds?.charges_today));
    figures.tax.set(rupees(funds?.tax_today));
    const total = Number(funds?.margin ?? 0) + Number(funds?.free ?? 0);
    const share = total > 0 ? Number(funds?.margin ?? 0) / total : 0;
    used.set(share, share > 0.9 ? 'down' : share > 0.7 ? 'warn' : '', t('funds.usedOf', { used: rupees(funds?.margin), total: rupees(total) }));
    const paper = account(ctx.store)?.mode === 'PAPER';
    deposit.hidden = !paper;
    withdraw.hidden = !paper;
    holds.update(openHolds(held));
    statement.update(rows.map((row, i) => ({ ...row, i: rows.length - i })));
    more.hidden = next === null;
  }

  let timer = 0;
  const off = ctx.store.on(['funds', 'account', 'instruments', 'session'], (changed) => {
    draw();
    if (!changed.has('funds') && !changed.has('account') && !changed.has('session')) return;
    clearTimeout(timer);
    timer = setTimeout(() => void load(), 250);
  });
  void load();
  draw();
  return { el, destroy() {
    off();
    clearTimeout(timer);
    holds.destroy();
    statement.destroy();
  } };
}

/** What a posting is about; a daily settlement says at which price. @param {Ctx} ctx @param {Statement} row */
function about(ctx, row) {
  const what = labelOf(ctx, row.key);
  return row.kind === 'mark' ? t('wallet.at', { what, price: price(row.reference, tickOf(ctx, row.key)) }) : what;
}

/** What a posting without an instrument is for. @param {string} reference */
const purpose = (reference) => (reference === 'positions' ? t('wallet.forPositions') : reference || t('wallet.holdOther'));

/**
 * Margin still held, by what it is held for: the margin book's postings summed.
 * @param {Statement[]} rows
 */
export function openHolds(rows) {
  /** @type {Map<string, { key: string, reference: string, amount: number }>} */
  const sums = new Map();
  for (const row of rows) {
    if (row.book !== 'margin') continue;
    const id = `${row.key}|${row.reference}`;
    const held = sums.get(id) ?? { key: row.key, reference: row.reference, amount: 0 };
    held.amount += Number(row.amount);
    sums.set(id, held);
  }
  return [...sums.values()].filter((hold) => Math.abs(hold.amount) >= 0.005);
}

/** @param {Ctx} ctx @param {'deposit' | 'withdraw'} what */
function openMove(ctx, what) {
  const amount = h('input', { class: 'input', inputmode: 'decimal', autocomplete: 'off', 'aria-label': t('funds.amount'), placeholder: '1,00,000' });
  const reason = h('input', { class: 'input', maxlength: '80', 'aria-label': t('funds.reason'), placeholder: t('funds.reason') });
  const said = h('p', { class: 'ticket-lock', role: 'alert', hidden: true });
  const send = h('button', { type: 'submit', class: 'primary' }, t(`funds.${what}`));
  const form = h('form', { class: 'stack', on: { submit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    const plain = amount.value.replace(/[,\s₹]/g, '');
    if (!/^\d+(\.\d{1,2})?$/.test(plain) || Number(plain) <= 0) {
      said.textContent = t('funds.badAmount');
      said.hidden = false;
      return;
    }
    send.disabled = true;
    try {
      await ctx.api[what](ctx.store.state.account, Number(plain).toFixed(2), reason.value.trim());
      await ctx.load('funds');
      ctx.toast({ text: t(`funds.${what}Done`, { amount: rupees(plain) }), level: 'good' });
      sheet.close();
    } catch (error) {
      said.textContent = errorText(error);
      said.hidden = false;
      send.disabled = false;
    }
  } } }, h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('funds.amount')), amount), h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('funds.reason')), reason), said, send);
  const sheet = ctx.sheet(t(`funds.${what}`), form);
  amount.focus();
}
