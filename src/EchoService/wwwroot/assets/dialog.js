// Modal dialogs. The browser keeps the focus inside, closes on Escape, and gives the focus back.

/**
 * Shows a dialog until it is submitted or left.
 * @param {HTMLDialogElement} dialog with a form in it; an element with data-cancel leaves it.
 * @param {HTMLElement} [focus] what has the focus first; else what the browser chooses.
 * @param {() => Promise<void>} [onSubmit] what submitting does; while it runs nothing can be pressed, and when it throws
 * the dialog stays and shows why.
 * @returns {Promise<boolean>} whether it was submitted.
 */
export function openDialog(dialog, focus, onSubmit = async () => {}) {
  const opener = document.activeElement;
  const form = dialog.querySelector('form');
  const error = dialog.querySelector('.dialog-error');
  const submit = form.querySelector('[type=submit]');
  const listening = new AbortController();
  const { signal } = listening;
  let submitted = false;

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.ariaDisabled === 'true') return;
    // Disabled for people, and not in the DOM's sense, which would take the focus away.
    submit.ariaDisabled = 'true';
    if (error) error.textContent = '';
    try {
      await onSubmit();
      submitted = true;
      dialog.close();
    } catch (problem) {
      if (error) error.textContent = problem.message;
    } finally {
      submit.ariaDisabled = null;
    }
  }, { signal });
  dialog.querySelector('[data-cancel]')?.addEventListener('click', () => dialog.close(), { signal });
  // A press on the backdrop is one on the dialog itself and not on anything in it.
  dialog.addEventListener('pointerdown', (event) => {
    if (event.target === dialog) dialog.close();
  }, { signal });

  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      listening.abort();
      // What opened it may have gone with a refresh of the table; its owner then says where to go on.
      if (opener?.isConnected) opener.focus();
      resolve(submitted);
    }, { signal });
    dialog.showModal();
    focus?.focus();
  });
}
