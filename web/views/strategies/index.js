/** Strategies. */
export const create = () => ({ el: document.createElement('div') });
