/**
 * The first live order of a day is read back once: the server refuses it with a sentence, the user confirms that sentence, and
 * the very same request goes out. Nothing was placed before, so this is no second sending.
 */

/** @typedef {import('../format/ports.js').Api} Api */

const ASKED = 'order.read_back';

/**
 * @param {Api} api
 * @param {(text: string) => Promise<boolean>} ask shows the sentence; true = go on
 * @returns {Api}
 */
export function withReadBack(api, ask) {
  /**
   * @template {{ account: string }} B
   * @template R
   * @param {(body: B) => Promise<R>} call
   * @returns {(body: B) => Promise<R>}
   */
  const guarded = (call) => async (body) => {
    try {
      return await call(body);
    } catch (error) {
      const problem = /** @type {{ problem?: import('../format/wire.js').Problem }} */ (error).problem;
      if (problem?.code !== ASKED || !(await ask(problem.detail))) throw error;
      await api.confirm(body.account);
      return call(body);
    }
  };
  const exit = guarded((/** @type {{ account: string, key: string, product: string }} */ one) => api.exit(one.account, one.key, one.product));
  return { ...api, place: guarded(api.place), sendBasket: guarded(api.sendBasket), exit: (account, key, product) => exit({ account, key, product }) };
}
