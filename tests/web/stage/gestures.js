// A bare surface for gestures: the right 60 px are the zone `price` (an axis), the rest is `plot`. Deltas gather in `stage.deltas`.

import { hold, manageGestures, swipe } from '/web/gestures/index.js';

const box = document.getElementById('box');
const deltas = [];
const calls = [];

function surface() {
  deltas.length = 0;
  return manageGestures(box, {
    zoneAt: (x) => (x > box.clientWidth - 60 ? 'price' : 'plot'),
    axes: { price: 'y' },
    onDelta: (delta) => deltas.push(delta),
  });
}

function part(tag, className) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = 'part';
  box.replaceChildren(element);
  return element;
}

function row(options = {}) {
  const element = part('div', 'row');
  element.addEventListener('click', () => calls.push('click'));
  return swipe(element, { onMove: (dx, armed) => calls.push(`move ${armed}`), onArm: (side) => calls.push(`arm ${side}`), onCancel: () => calls.push('cancel'), ...options });
}

function button() {
  return hold(part('button', 'row'), { ms: 400, onProgress: (share) => calls.push(share), onDone: () => calls.push('done'), onCancel: () => calls.push('cancel') });
}

window.stage = { deltas, calls, surface, row, button };
window.ready = true;
