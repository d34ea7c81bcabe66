// The event stream, begun again by itself whenever it breaks: a restart of the service, a network that was away, a
// connection that has gone silent. Backs off from half a second to ten.
//
// A browser has six connections to a host, for all its tabs together: one that nobody looks at gives its own back.

const firstDelay = 500;
const longestDelay = 10_000;
// Figures come every second; a stream without any for this long is dead, whatever the browser thinks.
const silence = 5_000;

/**
 * @param {string} url
 * @param {{ stats(body): void, phase(body): void, fault(body): void, lost(retryAt: Date): void, retrying(): void }} on
 * @returns {{ retry(): void }} retry tries at once instead of waiting.
 */
export function follow(url, on) {
  let source = null;
  let attempts = 0;
  let retryTimer = 0;
  let silenceTimer = 0;

  function connect() {
    rest();
    if (document.hidden) return;
    on.retrying();
    source = new EventSource(url);
    source.addEventListener('stats', (event) => {
      attempts = 0;
      watch();
      on.stats(JSON.parse(event.data));
    });
    source.addEventListener('phase', (event) => {
      watch();
      on.phase(JSON.parse(event.data));
    });
    source.addEventListener('fault', (event) => {
      watch();
      on.fault(JSON.parse(event.data));
    });
    // The browser's own reconnection gives up on an answer that is no stream, so it is never left to it.
    source.addEventListener('error', fail);
    watch();
  }

  function rest() {
    clearTimeout(retryTimer);
    clearTimeout(silenceTimer);
    source?.close();
    source = null;
  }

  function watch() {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(fail, silence);
  }

  function fail() {
    rest();
    // Half of it by chance: when a service comes back, its watchers do not come all at once.
    const delay = Math.min(longestDelay, firstDelay * 2 ** attempts++) * (0.5 + Math.random() / 2);
    retryTimer = setTimeout(connect, delay);
    on.lost(new Date(Date.now() + delay));
  }

  function retry() {
    if (source?.readyState !== EventSource.OPEN) connect();
  }

  window.addEventListener('online', retry);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) rest();
    else retry();
  });
  // A page that comes back from the browser's cache comes back with a dead stream.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) connect();
  });
  window.addEventListener('pagehide', rest);

  connect();
  return { retry };
}
