/**
 * The first live order of a day is read back once: the server refuses it with a sentence, the user confirms that sentence with
 * what is to go out below it, and the very same request is made again. Nothing was placed before, so this is no second sending.
 */

/** @typedef {import('../format/ports.js').Api} Api */

const ASKED = 'order.read_back';

/**
 * @param {Api} api
 * @param {(text: string, request: unknown) => Promise<boolean>} ask shows the sentence and the request; true = go on
 * @returns {Api}
 */
export function withReadBack(api, ask) {
  /**
   * @template {unknown[]} A
   * @template R
   * @param {(...args: A) => Promise<R>} call
   * @param {(...args: A) => unknown} [told] what is to go out, where it is not the last argument
   * @returns {(...args: A) => Promise<R>}
   */
  const guarded = (call, told = (...args) => args[args.length - 1]) => async (...args) => {
    try {
      return await call(...args);
    } catch (error) {
      const problem = /** @type {{ problem?: import('../format/wire.js').Problem }} */ (error).problem;
      if (problem?.code !== ASKED || !problem.value || !(await ask(problem.detail, told(...args)))) throw error;
      await api.confirm(problem.value);
      return call(...args);
    }
  };
  return {
    ...api,
    place: guarded(api.place),
    sendBasket: guarded(api.sendBasket),
    addParent: guarded(api.addParent),
    addTrigger: guarded(api.addTrigger),
    sendStrategy: guarded(api.sendStrategy),
    closeStrategy: guarded(api.closeStrategy),
    adjustStrategy: guarded(api.adjustStrategy),
    exit: guarded(api.exit, (account, key, product) => ({ account, key, product })),
  };
}
