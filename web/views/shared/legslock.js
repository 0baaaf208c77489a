/** Why several instruments may not be sent together now: the first reason, with the instrument it is about. */

import { t } from '../../format/i18n.js';
import { generalLock, priceLock } from './lock.js';
import { labelOf } from './text.js';

/** Empty when they may. @param {import('../context.js').Ctx} ctx @param {readonly { key: string }[]} legs */
export const legsLock = (ctx, legs) => generalLock(ctx) || legs.map((leg) => {
  const why = priceLock(ctx, leg.key);
  return why ? t('builder.legLock', { name: labelOf(ctx, leg.key), why }) : '';
}).find(Boolean) || '';
