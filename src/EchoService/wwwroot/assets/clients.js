// The table of clients: a page at a time through the API's cursor, however many there are.

import { ApiError, Declined, change, get } from './api.js';
import { openDialog } from './dialog.js';
import { byId, element, setText, toast } from './dom.js';
import { bytes, count, duration, words } from './format.js';

// On a phone a client is a card and not a line.
const pageSize = matchMedia('(max-width: 760px)').matches ? 10 : 25;
const refreshEvery = 2_000;
const typingPause = 300;

const rows = byId('clients-rows');
const stateInput = byId('clients-state');
const remoteInput = byId('clients-remote');
const sortInput = byId('clients-sort');

/** Where the page that is shown begins: the cursors of it and of those before it; the first page has none. */
let cursors = [null];
let next = null;
let sort = 'id';
let loading = null;
let timer = 0;
let connected = false;

export function startClients() {
  for (const header of document.querySelectorAll('th[data-sort]')) {
    header.querySelector('button').addEventListener('click', () => {
      const name = header.dataset.sort;
      // Most first is what one looks for; ids begin with the first.
      const first = name === 'id' ? 'id' : `-${name}`;
      const second = name === 'id' ? '-id' : name;
      sortBy(sort === first ? second : first);
    });
  }
  sortInput.addEventListener('change', () => sortBy(sortInput.value));
  stateInput.addEventListener('change', restart);
  byId('clients-filter').addEventListener('submit', (event) => {
    event.preventDefault();
    restart();
  });
  let typing = 0;
  remoteInput.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(restart, typingPause);
  });
  byId('clients-first').addEventListener('click', restart);
  byId('clients-previous').addEventListener('click', () => {
    if (cursors.length > 1) cursors.pop();
    load(true);
  });
  byId('clients-next').addEventListener('click', () => {
    if (next !== null) cursors.push(next);
    load(true);
  });
  rows.addEventListener('click', (event) => {
    const row = event.target.closest('button')?.closest('tr');
    if (row) confirmClose(row);
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) refresh();
  });
  showSort();
}

/** The stream is there: the table keeps itself fresh. */
export function resumeClients() {
  if (connected) return;
  connected = true;
  load();
}

export function pauseClients() {
  connected = false;
  clearTimeout(timer);
  loading?.abort();
}

/** Other filters, another order or another instance: begins at the first page. */
export function restart() {
  cursors = [null];
  load(true);
}

function sortBy(order) {
  sort = order;
  showSort();
  restart();
}

function showSort() {
  for (const header of document.querySelectorAll('th[data-sort]')) {
    const name = sort.replace('-', '');
    if (header.dataset.sort === name) header.setAttribute('aria-sort', sort.startsWith('-') ? 'descending' : 'ascending');
    else header.removeAttribute('aria-sort');
  }
  sortInput.value = sort;
}

function refresh() {
  if (connected && !document.hidden && document.querySelector('dialog[open]') === null) load();
}

/** @param {boolean} asked whether somebody asked for it, who is then told what came of it; a refresh says nothing. */
async function load(asked = false) {
  clearTimeout(timer);
  loading?.abort();
  const mine = (loading = new AbortController());
  const query = new URLSearchParams({ sort, limit: pageSize });
  if (stateInput.value !== '') query.set('state', stateInput.value);
  if (remoteInput.value.trim() !== '') query.set('remote', remoteInput.value.trim());
  if (cursors.at(-1) !== null) query.set('cursor', cursors.at(-1));
  try {
    const page = await get(`clients?${query}`, mine.signal);
    showError('');
    // Those on this page have gone: back to one that has somebody.
    if (page.items.length === 0 && cursors.length > 1) {
      cursors.pop();
      return await load(asked);
    }
    show(page);
    if (asked) setText(byId('clients-live'), `${byId('clients-count').textContent}. ${byId('clients-range').textContent}`);
  } catch (error) {
    if (mine.signal.aborted) return;
    if (error instanceof ApiError && error.status !== 0) showError(explain(error));
  }
  if (!mine.signal.aborted && connected) timer = setTimeout(refresh, refreshEvery);
}

const explain = (error) =>
  error.problem.errors?.remote ? 'Give an address or a range, such as 192.0.2.7 or 10.0.0.0/8.' : error.message;

function showError(text) {
  setText(byId('clients-error'), text);
  if (text === '') remoteInput.removeAttribute('aria-invalid');
  else remoteInput.setAttribute('aria-invalid', 'true');
}

function show({ items, total, next: cursor }) {
  next = cursor;
  const before = (cursors.length - 1) * pageSize;
  const filtered = stateInput.value !== '' || remoteInput.value.trim() !== '';
  setText(byId('clients-count'), `${count(total)} ${filtered ? 'match' : 'connected'}`);
  setText(byId('clients-range'), items.length === 0 ? '' : `${count(before + 1)}–${count(before + items.length)} of ${count(total)}`);
  // Not the property: a button that is disabled under the finger loses the focus.
  byId('clients-first').ariaDisabled = byId('clients-previous').ariaDisabled = cursors.length > 1 ? null : 'true';
  byId('clients-next').ariaDisabled = next === null ? 'true' : null;
  byId('clients-empty').hidden = items.length > 0;
  setText(byId('clients-empty'), filtered ? 'Nobody matches.' : 'Nobody is connected.');
  showRows(items);
}

/** Rows are kept by id and filled anew, so that focus, selection and pointer stay where they are. */
function showRows(items) {
  const focused = document.activeElement?.closest('#clients-rows tr');
  const place = focused ? [...rows.children].indexOf(focused) : -1;
  const known = new Map([...rows.children].map((row) => [row.dataset.id, row]));
  const wanted = items.map((client) => {
    const row = known.get(String(client.id)) ?? createRow(client);
    fillRow(row, client);
    return row;
  });
  // Moving a row takes the focus from it; the order is touched only where it differs.
  const kept = new Set(wanted);
  for (const row of known.values()) if (!kept.has(row)) row.remove();
  wanted.forEach((row, index) => {
    if (rows.children[index] !== row) rows.insertBefore(row, rows.children[index] ?? null);
  });
  if (!focused || document.activeElement?.closest('#clients-rows')) return;
  const stay = focused.isConnected ? focused : (rows.children[Math.min(place, rows.children.length - 1)] ?? null);
  (stay?.querySelector('button:not([hidden])') ?? byId('clients')).focus();
}

const columns = [
  ['Id', 'id'], ['Client', 'client'], ['State', 'state'], ['Age', 'number'], ['Idle', 'number'],
  ['Received', 'number'], ['Sent', 'number'], ['Pending', 'number'],
];

function createRow(client) {
  const row = element('tr', { role: 'row', 'data-id': client.id });
  for (const [name, style] of columns) row.append(element('td', { role: 'cell', class: style, 'data-name': name }));
  row.append(element('td', { role: 'cell', class: 'action' },
    element('button', { type: 'button', class: 'quiet', 'aria-label': `Close client ${client.id}, ${client.remoteEndPoint}` }, 'Close')));
  return row;
}

function fillRow(row, client) {
  const [id, name, state, age, idle, received, sent, pending, action] = row.children;
  row.dataset.state = client.state;
  row.dataset.remote = client.remoteEndPoint;
  setText(id, String(client.id));
  setText(name, client.remoteEndPoint);
  name.title = client.proxied ? `by way of ${client.peerEndPoint}` : '';
  fillState(state, client);
  setText(age, duration(client.ageSeconds));
  age.title = `since ${client.connectedAt}`;
  setText(idle, duration(client.idleSeconds));
  for (const [cell, value] of [[received, client.bytesReceived], [sent, client.bytesSent], [pending, client.pendingBytes]]) {
    setText(cell, bytes(value));
    cell.title = `${count(value)} bytes`;
    cell.toggleAttribute('data-zero', value === 0);
  }
  action.firstChild.hidden = client.state === 'closed';
}

function fillState(cell, client) {
  if (cell.firstChild === null) cell.append(element('span', { class: 'badge' }), element('span', { class: 'reason' }));
  cell.firstChild.dataset.state = client.state;
  setText(cell.firstChild, words(client.state));
  setText(cell.lastChild, client.closeReason ? words(client.closeReason) : client.fault ? `Fault ${client.fault}` : '');
}

async function confirmClose(row) {
  const { id, remote, state } = row.dataset;
  const dialog = byId('close-dialog');
  const form = dialog.querySelector('form');
  const submit = byId('close-submit');
  form.reset();
  const [graceful, reset] = form.elements.mode;
  // One that is closing gracefully can only be cut off.
  graceful.disabled = state === 'closing';
  reset.checked = graceful.disabled;
  setText(byId('close-title'), `Close client ${id}?`);
  setText(byId('close-text'), `${remote} has ${row.children[5].textContent} received and ${row.children[7].textContent} pending.`);
  const showMode = () => {
    submit.className = reset.checked ? 'danger' : 'primary';
    setText(submit, reset.checked ? 'Reset the connection' : 'Close gracefully');
  };
  form.onchange = showMode;
  showMode();
  try {
    let gone = false;
    const done = await openDialog(dialog, graceful.disabled ? reset : graceful, async () => {
      try {
        await change('DELETE', `clients/${id}?mode=${form.elements.mode.value}`);
      } catch (error) {
        if (error instanceof Declined) throw new Error('Nothing was closed.');
        if (error.status !== 404) throw error;
        gone = true;
      }
    });
    if (done) toast(gone ? `Client ${id} had gone already.` : reset.checked ? `Client ${id} was reset.` : `Client ${id} is being closed.`);
  } finally {
    if (connected) load();
  }
}
