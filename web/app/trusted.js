/** The one Trusted Types policy: lets exactly our own worker scripts be named, nothing else. */

const ALLOWED = new Set(['/sw.js', '/transport/worker.js']);

/** @type {{ createScriptURL: (url: string) => any } | null} */
let policy = null;

/**
 * A script URL that the browser will take; throws for any that is not ours.
 * @param {string} url
 * @returns {any}
 */
export function scriptUrl(url) {
  if (!ALLOWED.has(url)) throw new TypeError(`${url} is not a script of this app`);
  const factory = /** @type {any} */ (globalThis).trustedTypes;
  if (!factory) return url;
  policy ??= factory.createPolicy('app', { createScriptURL: (/** @type {string} */ given) => {
    if (ALLOWED.has(given)) return given;
    throw new TypeError(`${given} is not a script of this app`);
  } });
  return /** @type {{ createScriptURL: (url: string) => any }} */ (policy).createScriptURL(url);
}
