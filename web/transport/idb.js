/** The last state this device has seen, in IndexedDB. Every call is optional: a browser without it simply has no last state. */

const NAME = 'sauda';
const SHELF = 'last';

/** @returns {Promise<IDBDatabase | null>} */
function open() {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(SHELF);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
      request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

/** @type {Promise<IDBDatabase | null> | null} */
let opened = null;

/**
 * The value kept under a name; null when there is none.
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function load(name) {
  const db = await (opened ??= open());
  if (!db) return null;
  return new Promise((resolve) => {
    const request = db.transaction(SHELF).objectStore(SHELF).get(name);
    request.onsuccess = () => resolve(request.result ?? null);
    request.onerror = () => resolve(null);
  });
}

/**
 * Keep a value under a name; resolves whether it was kept.
 * @param {string} name
 * @param {unknown} value
 * @returns {Promise<boolean>}
 */
export async function save(name, value) {
  const db = await (opened ??= open());
  if (!db) return false;
  return new Promise((resolve) => {
    try {
      const change = db.transaction(SHELF, 'readwrite');
      change.objectStore(SHELF).put(value, name);
      change.oncomplete = () => resolve(true);
      change.onerror = () => resolve(false);
      change.onabort = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}
