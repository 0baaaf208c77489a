/**
 * Places an order once and says what is known about it. When the answer does not come, the order is looked up by its request
 * id before anything is said; it is never sent again by itself.
 */

/** @typedef {import('../views/context.js').Outcome} Outcome */
/** @typedef {import('../format/wire.js').OrderRequest} OrderRequest */

const LOOK_UPS = 3;
const WAIT_MS = 700;

/**
 * @param {import('../format/ports.js').Api} api
 * @param {{ now: () => number, onOrder: (order: import('../format/wire.js').Order, ms: number | null) => void }} options
 */
export function createSender(api, { now, onOrder }) {
  /** @param {OrderRequest} request @returns {Promise<Outcome>} */
  return async function send(request) {
    const began = now();
    try {
      const { order } = await api.place(request);
      onOrder(order, now() - began);
      return { kind: 'sent', order };
    } catch (error) {
      const { problem, unknown } = /** @type {{ problem?: import('../format/wire.js').Problem, unknown?: boolean }} */ (error);
      if (problem && !unknown) return { kind: 'refused', problem };
      return lookUp(request);
    }
  };

  /** @param {OrderRequest} request @returns {Promise<Outcome>} */
  async function lookUp(request) {
    for (let i = 0; i < LOOK_UPS; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      try {
        const { items } = await api.orders(request.account, 'all', 100);
        const found = items.find((order) => order.request_id === request.request_id);
        if (found) {
          onOrder(found, null);
          return { kind: 'sent', order: found };
        }
      } catch {
        // the server is still away: keep looking, then say that it is not known
      }
    }
    return { kind: 'unknown' };
  }
}
