/**
 * Keeps the app's own files, so that it opens with the server gone. Prices, orders and everything under /api or the streams
 * are never kept and never answered from here.
 *
 * Files of one version stand in one cache. A new version is fetched whole beside the old one and used when no window runs
 * the old one any more, or when the user asks for it.
 */

const META = 'sauda-meta';
const NEVER = ['/api/', '/stream', '/ws', '/health', '/ready', '/metrics', '/docs', '/debug', '/test', '/precache.json', '/sw.js'];
const cacheName = (version) => `sauda-${version}`;

async function pointer(name) {
  const meta = await caches.open(META);
  return (await meta.match(`/${name}`))?.text();
}

async function point(name, version) {
  const meta = await caches.open(META);
  if (version) await meta.put(`/${name}`, new Response(version));
  else await meta.delete(`/${name}`);
}

/** Fetch all files of the server's version that are not there yet; gives the version. */
async function fetchVersion() {
  const answer = await fetch('/precache.json', { cache: 'no-store' });
  if (!answer.ok) throw new Error(`precache list: ${answer.status}`);
  const { version, files } = await answer.json();
  const current = await pointer('current');
  if (version === current) return version;
  const old = current ? await caches.open(cacheName(current)) : null;
  const next = await caches.open(cacheName(version));
  await Promise.all(files.map(async ({ url, hash }) => {
    const kept = await old?.match(url);
    if (kept && kept.headers.get('etag') === `"${hash}"`) {
      await next.put(url, kept);
      return;
    }
    const fresh = await fetch(url, { cache: 'no-cache' });
    if (!fresh.ok) throw new Error(`${url}: ${fresh.status}`);
    await next.put(url, fresh);
  }));
  return version;
}

async function use(version) {
  await point('current', version);
  await point('pending', '');
  for (const name of await caches.keys()) {
    if (name.startsWith('sauda-') && name !== META && name !== cacheName(version)) await caches.delete(name);
  }
}

self.addEventListener('install', (event) => {
  event.waitUntil(fetchVersion().then(use).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener('message', (event) => {
  const tell = (message) => event.source?.postMessage(message);
  if (event.data === 'check') {
    event.waitUntil((async () => {
      const version = await fetchVersion();
      if (version !== (await pointer('current'))) {
        await point('pending', version);
        tell('newer');
      }
    })().catch(() => undefined)); // the server is away: what is kept stays in use
  } else if (event.data === 'use') {
    event.waitUntil((async () => {
      const pending = await pointer('pending');
      if (pending) await use(pending);
      tell('used');
    })());
  }
});

/** Before a page is served: take the pending version when this is the only window. */
async function shell(request) {
  const pending = await pointer('pending');
  if (pending && (await self.clients.matchAll({ type: 'window' })).length <= 1) await use(pending);
  return (await kept('/index.html')) ?? fetch(request);
}

async function kept(path) {
  const current = await pointer('current');
  if (!current) return undefined;
  return (await caches.open(cacheName(current))).match(path);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (NEVER.some((path) => url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`))) return;
  if (request.mode === 'navigate') event.respondWith(shell(request));
  else event.respondWith(kept(url.pathname).then((found) => found ?? fetch(request)));
});
