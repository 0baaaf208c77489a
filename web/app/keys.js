/** Keys that work everywhere. Single letters rest while a field has the focus. */

/** How long Ctrl+Shift+K must be held, ms. */
const HOLD_MS = 1000;
const CHORD_MS = 1200;
const GO = Object.freeze(/** @type {Record<string, string>} */ ({ h: 'home', c: 'charts', n: 'options', b: 'builder', t: 'strategies', o: 'orders', p: 'portfolio', w: 'wallet', s: 'system', e: 'settings' }));

/**
 * @param {{ go: (page: string) => void, command: (name: string) => void, trade: (side: 'BUY' | 'SELL') => void, onHold: (share: number) => void }} on
 */
export function listenKeys(on) {
  let chord = 0;
  let held = 0;
  let timer = 0;

  function step() {
    const share = (performance.now() - held) / HOLD_MS;
    on.onHold(Math.min(1, share));
    if (share >= 1) {
      stop();
      on.command('kill-now');
    } else {
      timer = requestAnimationFrame(step);
    }
  }

  function stop() {
    if (held === 0) return;
    held = 0;
    cancelAnimationFrame(timer);
    on.onHold(0);
  }

  addEventListener('keydown', (event) => {
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && key === 'k') {
      event.preventDefault();
      if (!event.repeat && held === 0) {
        held = performance.now();
        step();
      }
      return;
    }
    if ((event.ctrlKey || event.metaKey) && key === 'k') {
      event.preventDefault();
      on.command('palette');
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open]')) return;
    if (event.key === '?') on.command('keys');
    else if (event.key === '/') on.command('palette');
    else if (performance.now() - chord < CHORD_MS && GO[key]) on.go(/** @type {string} */ (GO[key]));
    else if (key === 'g') {
      chord = performance.now();
      return;
    } else if (key === 'b' && !event.shiftKey) on.trade('BUY');
    else if (key === 's' && !event.shiftKey) on.trade('SELL');
    else return;
    chord = 0;
    event.preventDefault();
  });
  addEventListener('keyup', (event) => {
    if (event.key.toLowerCase() === 'k' || event.key === 'Control' || event.key === 'Shift' || event.key === 'Meta') stop();
  });
  addEventListener('blur', stop);
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}
