// The two dialogs about who may change something.

import { byId } from './dom.js';
import { openDialog } from './dialog.js';

/** Asks for the key. Null when it is not given. */
export async function askForKey(refused) {
  const dialog = byId('key-dialog');
  const input = byId('key-input');
  input.value = '';
  dialog.querySelector('.dialog-error').textContent = refused ? 'The service refused the key that was given before.' : '';
  const submitted = await openDialog(dialog, input);
  const given = input.value.trim();
  // Not left behind in the document.
  input.value = '';
  return submitted && given !== '' ? given : null;
}

export async function explainForbidden(detail) {
  byId('forbidden-detail').textContent = detail;
  const dialog = byId('forbidden-dialog');
  await openDialog(dialog, dialog.querySelector('[type=submit]'));
}
