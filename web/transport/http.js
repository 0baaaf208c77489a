/**
 * HTTP with a time limit and one error shape. A call either gives the decoded body or throws an ApiProblem; whether the
 * server may have acted is said by `unknown`, which is the difference between "not sent" and "not known".
 */

const TIMEOUT_MS = 10_000;

/** What went wrong, in the server's words where it gave any. */
export class ApiProblem extends Error {
  /**
   * @param {import('../format/wire.js').Problem} problem
   * @param {boolean} [unknown] the request may have reached the server
   */
  constructor(problem, unknown = false) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.problem = problem;
    this.unknown = unknown;
  }
}

/**
 * @typedef {object} Http
 * @property {(path: string, query?: Record<string, string | number | null | undefined>) => Promise<any>} get
 * @property {(method: string, path: string, body?: unknown, signal?: AbortSignal) => Promise<any>} send
 * @property {(path: string, file: File, onProgress: (share: number) => void) => Promise<any>} upload
 */

/**
 * @param {{ base?: string, timeoutMs?: number }} [options]
 * @returns {Http}
 */
export function createHttp({ base = '', timeoutMs = TIMEOUT_MS } = {}) {
  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {AbortSignal} [signal]
   */
  async function send(method, path, body, signal) {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), timeoutMs);
    const onAbort = () => limit.abort();
    signal?.addEventListener('abort', onAbort);
    try {
      const response = await fetch(base + path, {
        method,
        headers: body === undefined ? { accept: 'application/json' } : { accept: 'application/json', 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: limit.signal,
        cache: 'no-store',
      });
      return await decode(response);
    } catch (error) {
      if (error instanceof ApiProblem) throw error;
      if (signal?.aborted) throw new ApiProblem({ code: 'app.cancelled', detail: '' });
      const late = limit.signal.aborted;
      throw new ApiProblem({ code: late ? 'app.timeout' : 'app.offline', detail: '' }, method !== 'GET');
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  return {
    get: (path, query) => send('GET', path + search(query)),
    send,
    upload: (path, file, onProgress) => upload(base + path, file, onProgress),
  };
}

/**
 * Query text of the values that are there.
 * @param {Record<string, string | number | null | undefined>} [query]
 */
export function search(query) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}

/** @param {Response} response */
async function decode(response) {
  const text = await response.text();
  /** @type {any} */
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    throw new ApiProblem({ code: 'app.answer', detail: '', status: response.status }, true);
  }
  if (response.ok) return body;
  throw fromBody(body, response.status);
}

/**
 * @param {any} body
 * @param {number} status
 */
function fromBody(body, status) {
  const shaped = body && typeof body === 'object' && typeof body.detail === 'string';
  // a gateway's or crash's answer proves nothing about what the server did
  return new ApiProblem(shaped ? { status, ...body } : { status, code: 'app.status', detail: '' }, status >= 500 && !shaped);
}

/**
 * fetch cannot tell how much of a body has gone, so files travel by XMLHttpRequest.
 * @param {string} url
 * @param {File} file
 * @param {(share: number) => void} onProgress
 * @returns {Promise<any>}
 */
function upload(url, file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append('file', file);
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener('load', () => {
      let body = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        reject(new ApiProblem({ code: 'app.answer', detail: '', status: request.status }, true));
        return;
      }
      if (request.status >= 200 && request.status < 300) resolve(body);
      else reject(fromBody(body, request.status));
    });
    request.addEventListener('error', () => reject(new ApiProblem({ code: 'app.offline', detail: '' }, true)));
    request.open('POST', url);
    request.setRequestHeader('accept', 'application/json');
    request.send(form);
  });
}
