// A payoff alone on a page, with a made-up condor, for tests to drive through `window.stage`.

import { createPayoff, readTheme } from '/web/payoff/index.js';

const box = document.getElementById('box');
document.documentElement.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';

const WORDS = { label: 'Profit over the spot', keys: 'Arrows move the spot.', now: 'Now', date: '25 Nov', expiry: 'Expiry', spot: 'NIFTY', atExpiry: 'At expiry', delta: 'Delta', gamma: 'Gamma', theta: 'Theta', vega: 'Vega', empty: 'No legs yet.' };
const EXPIRY = '2026-12-01';
const SETTING = { spot: 24412.4, sigma: 0.134, terms: { [EXPIRY]: { years: 11 / 365, forward: 24460, rate: 0.065 }, '2026-12-29': { years: 39 / 365, forward: 24580, rate: 0.065 } } };
const leg = (key, units, strike, call, price, sigma, expiry = EXPIRY) => ({ key, kind: 'OPTION', units, price, strike, call, expiry, sigma });
const CONDOR = [leg('a', 65, 23900, false, 32.4, 0.152), leg('b', -65, 24100, false, 66.1, 0.145), leg('c', -65, 24700, true, 88.2, 0.128), leg('d', 65, 24900, true, 39.6, 0.126)];

const said = { scrubs: [], strikes: [], buzzes: 0 };
Object.defineProperty(navigator, 'vibrate', { value: () => { said.buzzes += 1; return true; } });

function make(legs = CONDOR, setting = SETTING, options = {}) {
  box.replaceChildren();
  const payoff = createPayoff(box, { theme: readTheme(document.body), words: WORDS, ...options });
  payoff.onScrub((read) => said.scrubs.push(read));
  payoff.onStrike((drag) => said.strikes.push(drag));
  payoff.snapTo((_, near) => Math.round(near / 50) * 50);
  payoff.set(legs, setting);
  window.stage.payoff = payoff;
  return payoff;
}
const settled = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

window.stage = { make, said, settled, CONDOR, SETTING, leg, payoff: null };
window.ready = true;
