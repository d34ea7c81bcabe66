// What the side column shows of /stats: limits and pools, closes, rejections, totals.

import { byId, element, setText } from './dom.js';
import { bytes, count, words } from './format.js';

/** The `dt` and `dd` of a list by name, made when first asked for. */
function entry(list, name, make) {
  return [...list.children].find((one) => one.dataset.name === name) ?? list.appendChild(make(name));
}

/** @param {boolean} bounded whether the whole is a limit, at which something stops */
function meter(list, name, value, most, text, bounded) {
  const node = entry(list, name, () => element('div', { 'data-name': name },
    element('dt', {}, name), element('dd', {}), element('div', { class: 'meter', 'aria-hidden': 'true' }, element('span'))));
  setText(node.children[1], text);
  const share = most > 0 ? Math.min(1, value / most) : 0;
  node.querySelector('.meter span').style.width = `${share * 100}%`;
  node.dataset.level = !bounded ? 'normal' : share >= 0.95 ? 'full' : share >= 0.8 ? 'high' : 'normal';
}

function reasons(list, total, counts) {
  const sum = Object.values(counts).reduce((all, value) => all + value, 0);
  setText(total, count(sum));
  for (const [name, value] of Object.entries(counts)) {
    const node = entry(list, name, () => element('div', { 'data-name': name },
      element('dt', {}, words(name)), element('dd', {}), element('div', { class: 'meter', 'aria-hidden': 'true' }, element('span'))));
    setText(node.children[1], count(value));
    node.toggleAttribute('data-zero', value === 0);
    node.querySelector('.meter span').style.width = `${sum === 0 ? 0 : (value / sum) * 100}%`;
  }
}

function total(name, text) {
  const node = entry(byId('totals'), name, () => element('div', { 'data-name': name }, element('dt', {}, name), element('dd', {})));
  setText(node.children[1], text);
}

export function showFigures({ connections, pools, bytes: moved, udp, listeners }) {
  const limits = byId('limits');
  const { eventArgs, buffers } = pools;
  meter(limits, 'Connections', connections.active, connections.limit, `${count(connections.active)} of ${count(connections.limit)}`, true);
  meter(limits, 'Event args', eventArgs.inUse, eventArgs.capacity, `${count(eventArgs.inUse)} of ${count(eventArgs.capacity)}, ${count(eventArgs.created)} made`, true);
  meter(limits, 'Buffers', buffers.bytesInUse, buffers.bytesReserved, `${bytes(buffers.bytesInUse)} of ${bytes(buffers.bytesReserved)} reserved`, false);
  reasons(byId('closed'), byId('closed-total'), connections.closed);
  reasons(byId('rejected'), byId('rejected-total'), connections.rejected);
  total('Accepted', count(connections.accepted));
  total('Most at once', count(connections.peak));
  total('Received', bytes(moved.received));
  total('Sent', bytes(moved.sent));
  for (const { protocol, endpoint, state, listener } of listeners) total(`Listener, ${protocol}${listener === 'banner' ? ' with banner' : ''}`, state === 'listening' ? endpoint : `${endpoint}, ${state}`);
  if (udp.received > 0 || udp.dropped > 0 || listeners.some(({ protocol }) => protocol === 'udp')) {
    total('Datagrams', `${count(udp.received)} in, ${count(udp.sent)} out, ${count(udp.dropped)} dropped`);
  }
}
