// Calls of the management API. Calls that change something ask for the key when the service does.

import { askForKey, explainForbidden } from './access.js';

/** An answer that is no success, with the problem (RFC 9457) that it holds. */
export class ApiError extends Error {
  constructor(status, problem) {
    const errors = Object.entries(problem.errors ?? {}).map(([name, reasons]) => `${name} ${reasons.join(', ')}`);
    super(errors.join('; ') || problem.detail || problem.title || `The service answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/** Somebody was asked for the key and did not give it, or was told why nothing can be changed from here. */
export class Declined extends Error {}

const storageName = 'echoservice.key';
let key = sessionStorage.getItem(storageName);

export const hasKey = () => key !== null;

export function forgetKey() {
  setKey(null);
}

function setKey(value) {
  key = value;
  if (value === null) sessionStorage.removeItem(storageName);
  else sessionStorage.setItem(storageName, value);
  document.dispatchEvent(new Event('keychange'));
}

async function call(method, path, body, signal) {
  const headers = {};
  if (method !== 'GET' && key !== null) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, cache: 'no-store', credentials: 'omit' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, { detail: 'The service cannot be reached.' });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

export const get = (path, signal) => call('GET', path, undefined, signal);

/** Calls, and asks for the key until one is right or nobody gives one. */
export async function change(method, path, body) {
  for (;;) {
    const used = key;
    try {
      return await call(method, path, body);
    } catch (error) {
      if (error.status === 403) {
        await explainForbidden(error.message);
        throw new Declined();
      }
      if (error.status !== 401) throw error;
      const given = await askForKey(used !== null);
      if (given === null) throw new Declined();
      setKey(given);
    }
  }
}
