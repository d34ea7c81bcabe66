// The form that begins a fault: each kind with its own parameters, and what is wrong beside the field that it is about.

import { ApiError, Declined, change } from './api.js';
import { openDialog } from './dialog.js';
import { byId, element, setText } from './dom.js';
import { groups, kindOf } from './faultkinds.js';

const always = ['kind', 'durationSeconds'];

const dialog = byId('fault-dialog');
const form = dialog.querySelector('form');
const kind = byId('fault-kind');
const fields = [...form.querySelectorAll('[data-field]')];

for (const [about, members] of Object.entries(groups)) {
  const group = element('optgroup', { label: about });
  for (const [value, { name }] of Object.entries(members)) group.append(element('option', { value }, name));
  kind.append(group);
}
kind.addEventListener('change', showKind);
form.addEventListener('input', ({ target }) => setError(target.closest('[data-field]'), ''));

/**
 * Asks what is to go wrong, and begins it.
 * @param {boolean} hasDatagrams whether the service answers any.
 * @returns {Promise<object | null>} the fault, or null when none was begun.
 */
export async function askForFault(hasDatagrams) {
  const datagrams = kind.querySelector('optgroup[label^=Datagrams]');
  datagrams.disabled = !hasDatagrams;
  datagrams.label = hasDatagrams ? 'Datagrams' : 'Datagrams (Echo:Udp:Enabled is off)';
  if (kind.selectedOptions[0].parentElement.disabled) kind.selectedIndex = 0;
  fields.forEach((field) => setError(field, ''));
  showKind();
  let fault = null;
  await openDialog(dialog, kind, async () => {
    if (fields.map(checkNumber).includes(false)) throw new Error('');
    try {
      fault = await change('POST', 'faults', read());
    } catch (error) {
      if (error instanceof Declined) throw new Error('The fault was not begun.');
      if (!(error instanceof ApiError) || !showErrors(error)) throw error;
      // What is wrong is said where it is.
      throw new Error('');
    }
  });
  return fault;
}

function showKind() {
  const { text, fields: own } = kindOf(kind.value);
  setText(byId('fault-kind-hint'), text);
  for (const field of fields) {
    field.hidden = !(always.includes(field.dataset.field) || own.includes(field.dataset.field));
    setError(field, '');
  }
}

/** What cannot even be sent as the number that it is meant to be; all else is the service's to say. */
function checkNumber(field) {
  const { badInput, stepMismatch } = inputOf(field).validity;
  if (field.hidden || !(badInput || stepMismatch)) return true;
  setError(field, badInput ? 'Must be a number.' : 'Must be a whole number.');
  return false;
}

/** What is empty is left to the service. */
function read() {
  const body = {};
  for (const field of fields) {
    const { name, value, type } = inputOf(field);
    if (!field.hidden && value.trim() !== '') body[name] = type === 'number' ? Number(value) : value.trim();
  }
  return body;
}

/** @returns {boolean} whether every error is about a field that is there. */
function showErrors({ problem }) {
  const errors = Object.entries(problem.errors ?? {});
  const found = fields.filter((field) => !field.hidden && field.dataset.field in (problem.errors ?? {}));
  found.forEach((field) => setError(field, sentence(problem.errors[field.dataset.field].join(', '))));
  if (found.length > 0) inputOf(found[0]).focus();
  return found.length > 0 && found.length === errors.length;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const inputOf = (field) => field.querySelector('input, select');

function setError(field, text) {
  setText(field.querySelector('.input-error'), text);
  if (text === '') inputOf(field).removeAttribute('aria-invalid');
  else inputOf(field).setAttribute('aria-invalid', 'true');
}
