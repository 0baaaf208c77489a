/** How the app looks and counts: kept on the device at once, on the server soon after, and in step between windows. */

import { DEFAULT_PREFERENCES } from '../store/state.js';
import { setLanguage } from '../format/i18n.js';
import { useShortForms } from '../format/numbers.js';

/** @typedef {import('../format/wire.js').Preferences} Preferences */

const NAME = 'sauda.preferences';
const SEND_MS = 600;

/** What the device remembers; the defaults where it remembers nothing. @returns {Preferences} */
export function readPreferences() {
  try {
    return clean(JSON.parse(localStorage.getItem(NAME) ?? '{}'));
  } catch {
    return clean({});
  }
}

/**
 * Known members of the right type over the defaults: what another version or hand wrote cannot break the page.
 * @param {any} found
 * @returns {Preferences}
 */
export function clean(found) {
  /** @type {any} */
  const out = structuredClone(DEFAULT_PREFERENCES);
  for (const [name, standard] of Object.entries(DEFAULT_PREFERENCES)) {
    const value = found?.[name];
    if (value !== null && typeof value === typeof standard && Array.isArray(value) === Array.isArray(standard)) out[name] = typeof standard === 'object' ? { ...standard, ...value } : value;
  }
  if (!['auto', 'light', 'dark'].includes(out.theme)) out.theme = 'auto';
  if (!['en', 'hi'].includes(out.language)) out.language = 'en';
  return out;
}

/**
 * @param {import('../store/store.js').Store} store
 * @param {{ send: (body: Record<string, any>) => Promise<unknown>, onLanguage: () => void }} options
 */
export function createPreferences(store, { send, onLanguage }) {
  let timer = 0;
  let waiting = false;
  let language = 'en';

  /** @param {Preferences} next */
  async function use(next) {
    store.set('preferences', next);
    dress(next);
    useShortForms(next.short);
    if (next.language !== language) {
      language = next.language;
      await setLanguage(next.language);
      document.documentElement.lang = next.language;
      onLanguage();
    }
  }

  /** @param {Preferences} next */
  function remember(next) {
    try {
      localStorage.setItem(NAME, JSON.stringify(next));
    } catch {
      // a full or forbidden storage costs only the memory of it
    }
  }

  addEventListener('storage', (event) => {
    if (event.key === NAME) void use(readPreferences());
  });

  return {
    use,
    /** @param {Partial<Preferences>} change */
    prefer(change) {
      const next = { ...store.state.preferences, ...change };
      remember(next);
      void use(next);
      clearTimeout(timer);
      waiting = true;
      timer = setTimeout(() => {
        // the device keeps it anyway; a server that is away gets it with the next change
        void send(next).catch(() => undefined).finally(() => {
          waiting = false;
        });
      }, SEND_MS);
    },
    /** What the server has kept, once this device has nothing waiting to be sent. @param {any} found */
    fromServer(found) {
      if (waiting || !found || Object.keys(found).length === 0) return;
      const next = clean({ ...found });
      remember(next);
      void use(next);
    },
  };
}

/** Theme, palette, density and widths onto the root element. @param {Preferences} now */
function dress(now) {
  const root = document.documentElement;
  const dark = now.theme === 'dark' || (now.theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset['theme'] = dark ? 'dark' : 'light';
  root.dataset['palette'] = now.palette;
  root.dataset['density'] = now.density;
  root.dataset['swap'] = String(now.swap);
  root.dataset['list'] = now.listShut ? 'shut' : 'open';
  root.dataset['side'] = now.sideShut ? 'shut' : 'open';
  root.style.setProperty('--list-width', `${now.listWidth}px`);
  root.style.setProperty('--side-width', `${now.sideWidth}px`);
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', dark ? '#13171e' : '#ffffff');
}
