// The phase of the service, and the drain: how far it is, beginning one and taking it back.

import { ApiError, Declined, change, get } from './api.js';
import { openDialog } from './dialog.js';
import { byId, setText, toast } from './dom.js';
import { bytes, clock, count, duration } from './format.js';
import { timeOf } from './history.js';

const phases = {
  serving: ['Serving', ''],
  lameDuck: ['Lame duck', 'Not ready any more, still accepting: balancers get time to look away.'],
  draining: ['Draining', 'No new clients. Open connections go on and are closed gracefully, longest idle first.'],
  forcing: ['Forcing', 'The deadline has passed. Those that are left are closed by force.'],
  drained: ['Drained', 'Nobody is connected and nobody is accepted.'],
};
// What a fault makes of the listener; there is one such at a time.
const listening = {
  refuse: () => 'A fault refuses new clients.',
  noAccept: () => 'A fault keeps new clients waiting.',
  resetNew: ({ percent, remote }) => `A fault resets ${percent < 100 || remote ? 'some of the ' : ''}new clients.`,
};
const order = ['lameDuck', 'draining', 'forcing', 'drained'];

const begin = byId('drain-begin');
const cancel = byId('drain-cancel');

let current = null;
let drain = null;
let faults = [];
let serverNow = 0;
let reading = false;
let connected = false;

export function startDrain() {
  begin.addEventListener('click', askToDrain);
  cancel.addEventListener('click', takeBack);
}

export function setConnected(value) {
  connected = value;
  begin.disabled = cancel.disabled = !value;
}

/** @param {object} stats a reading of /stats; it comes every second, and with it the drain is read while one is on. */
export function showPhase(stats) {
  serverNow = timeOf(stats);
  enter(stats.phase);
  readDrain();
}

export function enter(phase) {
  if (phase === current) return;
  const first = current === null;
  current = phase;
  const [name] = phases[phase];
  const serving = phase === 'serving';
  if (serving) drain = null;
  byId('phase').dataset.phase = phase;
  setText(byId('phase-name'), name);
  showText();
  if (!first) setText(byId('phase-live'), `Phase: ${name}. ${byId('phase-text').textContent}`);
  byId('drain').hidden = serving;
  showActions();
  for (const step of byId('drain-steps').children) {
    const place = order.indexOf(step.dataset.step) - order.indexOf(phase);
    step.dataset.place = place < 0 ? 'past' : place > 0 ? 'ahead' : 'now';
    if (place === 0) step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  }
  readDrain();
}

/** @param {object[]} items the faults that are on: with some of them it is not as the phase alone would have it. */
export function setFaults(items) {
  faults = items;
  if (current !== null) showText();
}

function showText() {
  const isOn = (kind) => faults.some((fault) => fault.kind === kind);
  const parts = [];
  if (current === 'serving') {
    const gate = faults.find(({ kind }) => kind in listening);
    parts.push(isOn('unready') ? 'A fault has it say that it is not ready.' : 'Ready.', gate ? listening[gate.kind](gate) : 'New clients are accepted.');
  } else {
    parts.push(phases[current][1]);
    if (isOn('falseReady')) parts.push('A fault has it say that it is ready all the same.');
  }
  if (drain?.trigger === 'signal') parts.push('A signal began the drain: the process ends when it is over.');
  setText(byId('phase-text'), parts.join(' '));
}

function showActions() {
  const hadFocus = document.activeElement === begin || document.activeElement === cancel;
  const serving = current === 'serving';
  const bySignal = drain?.trigger === 'signal';
  begin.hidden = !serving;
  cancel.hidden = serving || bySignal;
  // One button takes the other's place, and its focus.
  if (hadFocus) (serving ? begin : cancel).focus();
}

async function readDrain() {
  if (current === 'serving' || current === null || reading) return;
  reading = true;
  try {
    const answer = await get('drain');
    if (answer.phase !== 'serving' && current !== 'serving') showDrain(answer);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The next second tries again; a connection that is lost shows by the stream.
  } finally {
    reading = false;
  }
}

function showDrain(state) {
  drain = state;
  showActions();
  const gone = state.closedByClient + state.closedGracefully + state.closedForced;
  const total = gone + state.remaining;
  const share = (value) => (total === 0 ? 0 : value / total);
  const bar = byId('drain-bar');
  const parts = { client: state.closedByClient, graceful: state.closedGracefully, forced: state.closedForced };
  for (const [part, value] of Object.entries(parts)) bar.querySelector(`[data-part=${part}]`).style.flexGrow = share(value);
  bar.style.setProperty('--rest', total === 0 ? (state.phase === 'drained' ? 0 : 1) : share(state.remaining));
  bar.dataset.empty = String(total === 0 && state.phase === 'drained');
  const percent = total === 0 ? (state.phase === 'drained' ? 100 : 0) : Math.floor(share(gone) * 100);
  bar.setAttribute('aria-valuenow', String(percent));
  bar.setAttribute('aria-valuetext', `${count(gone)} of ${count(total)} have gone`);
  setText(byId('drain-remaining'), `${count(state.remaining)} of ${count(total)}`);
  setText(byId('drain-client'), count(state.closedByClient));
  setText(byId('drain-graceful'), count(state.closedGracefully));
  setText(byId('drain-forced'), count(state.closedForced));
  setText(byId('drain-unsent'), bytes(state.bytesUnsent));
  setText(byId('drain-deadline'), deadline(state));
  showText();
}

function deadline(state) {
  if (state.deadline === null) return '–';
  const at = new Date(state.deadline);
  const left = at.getTime() / 1000 - serverNow;
  if (state.phase === 'drained') return clock(at);
  return left > 0 ? `in ${duration(Math.ceil(left))}` : 'passed';
}

async function askToDrain() {
  const dialog = byId('drain-dialog');
  const form = dialog.querySelector('form');
  const submitted = await openDialog(dialog, form.elements.readinessDelaySeconds, async () => {
    const body = {};
    for (const { name, value, type } of form.elements) {
      if (name && value !== '') body[name] = type === 'number' ? Number(value) : value;
    }
    try {
      show(await change('POST', 'drain', body));
    } catch (error) {
      throw error instanceof Declined ? new Error('The drain was not started.') : error;
    }
  });
  if (submitted) {
    toast('The drain has begun.');
    cancel.focus();
  }
}

async function takeBack() {
  // Not the property, which would take the focus away.
  if (!connected || cancel.ariaDisabled === 'true') return;
  cancel.ariaDisabled = 'true';
  try {
    show(await change('DELETE', 'drain'));
    toast('The drain was taken back.');
  } catch (error) {
    if (!(error instanceof Declined)) toast(error.message);
  } finally {
    cancel.ariaDisabled = null;
  }
}

function show(state) {
  enter(state.phase);
  if (state.phase !== 'serving') showDrain(state);
}
