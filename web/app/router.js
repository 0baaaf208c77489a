/** Addresses to pages: /orders?tab=trades. Links inside the app do not reload it. */

/** @typedef {{ name: string, params: URLSearchParams }} Route */

export const PAGES = Object.freeze(['home', 'charts', 'options', 'builder', 'strategies', 'orders', 'portfolio', 'wallet', 'brokers', 'system', 'settings']);

/**
 * The route an address names; home for one that is not known.
 * @param {string} path
 * @param {string} search
 * @returns {Route}
 */
export function routeOf(path, search) {
  const name = path.replace(/^\/+|\/+$/g, '').split('/')[0] || 'home';
  return { name: PAGES.includes(name) ? name : 'home', params: new URLSearchParams(search) };
}

/**
 * The address of a page.
 * @param {string} name
 * @param {Record<string, string>} [params]
 */
export function addressOf(name, params = {}) {
  const search = new URLSearchParams(params).toString();
  return `/${name === 'home' ? '' : name}${search ? `?${search}` : ''}`;
}

/** @param {(route: Route) => void} onRoute */
export function createRouter(onRoute) {
  const keep = new URLSearchParams(location.search).has('solo');
  const now = () => routeOf(location.pathname, location.search);

  addEventListener('popstate', () => onRoute(now()));
  document.addEventListener('click', (event) => {
    const link = /** @type {Element} */ (event.target).closest?.('a[href^="/"]');
    if (!(link instanceof HTMLAnchorElement) || link.target || event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || link.pathname.startsWith('/docs')) return;
    event.preventDefault();
    const route = routeOf(link.pathname, link.search);
    go(route.name, Object.fromEntries(route.params));
  });

  /** @param {string} name @param {Record<string, string>} [params] */
  function go(name, params = {}) {
    const address = addressOf(name, keep ? { ...params, solo: '1' } : params);
    if (address !== location.pathname + location.search) history.pushState(null, '', address);
    onRoute(now());
  }

  return { go, now, solo: keep };
}
