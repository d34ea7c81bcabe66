// The faults that are on: which, whom they hold and how long they last. Each can be ended here, or all, and one begun.

import { ApiError, Declined, change, get } from './api.js';
import { byId, element, setText, toast } from './dom.js';
import { setFaults } from './drain.js';
import { describe, kindOf, reach } from './faultkinds.js';
import { askForFault } from './faultform.js';
import { count, duration } from './format.js';
import { timeOf } from './history.js';

const list = byId('faults-list');
const begin = byId('faults-begin');
const endAll = byId('faults-end');

/** What GET /faults said last; null: not asked yet, or of a connection that is lost. */
let known = null;
let serverNow = 0;
let hasDatagrams = false;
let reading = false;
let again = false;

export function startFaults() {
  begin.addEventListener('click', async () => {
    const fault = await askForFault(hasDatagrams);
    if (fault !== null) toast(`Fault ${fault.id}, ${kindOf(fault.kind).name}, has begun.`);
    readFaults();
  });
  endAll.addEventListener('click', () => end('faults', ({ items }) => (items.length === 1 ? 'The fault has ended.' : `${count(items.length)} faults have ended.`)));
  list.addEventListener('click', (event) => {
    const id = event.target.closest('button')?.closest('li').dataset.id;
    if (id !== undefined) end(`faults/${id}`, ({ kind }) => `Fault ${id}, ${kindOf(kind).name}, has ended.`);
  });
}

export function pauseFaults() {
  known = null;
  begin.disabled = endAll.disabled = true;
}

/** @param {object} stats a reading of /stats; it comes every second, and with it the faults are read while there are any. */
export function showFaults(stats) {
  serverNow = timeOf(stats);
  hasDatagrams = stats.listeners.some(({ protocol }) => protocol === 'udp');
  if (!reading && (known === null || stats.faults.active > 0 || known.items.length > 0)) readFaults();
}

/** For the title of the page. */
export const summary = () => (known === null || known.items.length === 0 ? '' : ` · ${faults(known.items.length)}`);

const faults = (number) => (number === 1 ? '1 fault' : `${count(number)} faults`);

export async function readFaults() {
  if (reading) {
    // What has changed meanwhile may not be in it.
    again = true;
    return;
  }
  reading = true;
  try {
    do {
      again = false;
      show(await get('faults'));
    } while (again);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The next second tries again; a connection that is lost shows by the stream.
  } finally {
    reading = false;
  }
}

function show(answer) {
  const before = known?.items.length ?? 0;
  known = answer;
  const { enabled, items } = answer;
  const isOn = items.length > 0;
  byId('faults').toggleAttribute('data-on', isOn);
  setText(byId('faults-heading'), isOn ? `${faults(items.length)} ${items.length === 1 ? 'is' : 'are'} on` : 'Faults');
  setText(byId('faults-text'), isOn ? 'This instance misbehaves because it was told to.'
    : enabled ? 'None is on.'
    : 'Off. Start the service with Faults:Enabled=true, and it can be told to misbehave.');
  begin.disabled = !enabled;
  endAll.disabled = false;
  endAll.hidden = !isOn;
  list.hidden = !isOn;
  showItems(items);
  if (items.length !== before) setText(byId('faults-live'), isOn ? `${byId('faults-heading').textContent}.` : 'No fault is on.');
  setFaults(items);
}

/** Kept by id and filled anew, so that focus and pointer stay where they are. */
function showItems(items) {
  const focused = document.activeElement;
  const wasHere = focused === endAll || list.contains(focused);
  const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
  for (const fault of items) {
    const row = rows.get(String(fault.id)) ?? list.appendChild(create(fault));
    rows.delete(String(fault.id));
    fill(row, fault);
  }
  for (const row of rows.values()) row.remove();
  // What had the focus has gone, or is hidden.
  if (wasHere && (!focused.isConnected || focused.hidden)) (list.querySelector('button') ?? (begin.disabled ? byId('faults') : begin)).focus();
}

function create({ id, kind }) {
  const { name } = kindOf(kind);
  return element('li', { 'data-id': id },
    element('p', { class: 'fault-kind' }, element('strong', {}, name), ' ', element('span', {}, `#${id}`)),
    element('p', { class: 'fault-what' }),
    element('p', { class: 'fault-reach' }),
    element('div', { class: 'fault-time' }, element('p', {}), element('div', { class: 'meter', 'aria-hidden': 'true' }, element('span'))),
    element('button', { type: 'button', 'aria-label': `End fault ${id}, ${name}` }, 'End'));
}

function fill(row, fault) {
  const [, what, held, time] = row.children;
  setText(what, describe(fault));
  setText(held, reach(fault));
  const left = Math.max(0, Math.min(fault.durationSeconds, Date.parse(fault.endsAt) / 1000 - serverNow));
  setText(time.firstChild, `${duration(left)} left`);
  time.firstChild.title = `ends at ${fault.endsAt}`;
  time.querySelector('span').style.width = `${(left / fault.durationSeconds) * 100}%`;
}

async function end(path, said) {
  try {
    toast(said(await change('DELETE', path)));
  } catch (error) {
    // One that has ended by itself meanwhile is what was wanted.
    if (!(error instanceof Declined) && error.status !== 404) toast(error.message);
  }
  readFaults();
}
