// The little of the DOM that everything here uses. Text goes in as text: there is no way to put in markup.

export const byId = (id) => document.getElementById(id);

/** Sets a node's text, and touches it only when it changes, so that assistive technology is not told the same again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** An element with attributes and children; children that are strings become text. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

let toastTimer = 0;

/** Says that something was done, and takes it away after a while. */
export function toast(text) {
  const node = byId('toast');
  node.textContent = text;
  node.dataset.shown = '';
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => delete node.dataset.shown, 6000);
}
