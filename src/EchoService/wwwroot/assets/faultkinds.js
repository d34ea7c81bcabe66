// The kinds of faults, in words: what happens, which parameters there are, and how one that is on is described.

import { bytes, count } from './format.js';

const choice = ['remote', 'percent', 'seed'];
const ofConnections = ['connections', ...choice];

const milliseconds = (value) => `${count(value)} ms`;
const later = ({ milliseconds: by, jitterMilliseconds: jitter }) => `by ${milliseconds(by)}${jitter > 0 ? ` and up to ${milliseconds(jitter)} more` : ''}`;
const every = ({ everyBytes }) => (everyBytes === 1 ? 'every byte' : `one byte of every ${count(everyBytes)}`);
const after = ({ afterBytes, afterSeconds }) => [
  ...(afterBytes === undefined ? [] : [`after ${bytes(afterBytes)}`]),
  ...(afterSeconds === undefined ? [] : [`after ${count(afterSeconds)} s`]),
].join(' or ') || 'at once';
const nothing = () => '';

/** @typedef {{ name: string, text: string, fields: string[], own(fault): string, about: string }} Kind */

/** @type {Record<string, Record<string, Kind>>} by what they are about; the fields are those of POST /faults. */
export const groups = {
  Connections: {
    delay: { name: 'Delay', text: 'Each echo leaves that much later, in order.', fields: ['milliseconds', 'jitterMilliseconds', ...ofConnections], own: later },
    throttle: { name: 'Throttle', text: 'Each connection gets no more than that rate.', fields: ['bytesPerSecond', ...ofConnections], own: (fault) => `to ${bytes(fault.bytesPerSecond)}/s` },
    stall: { name: 'Stall', text: 'Nothing is read or sent until it ends.', fields: ofConnections, own: nothing },
    slice: {
      name: 'Slice',
      text: 'The echo leaves in small pieces.',
      fields: ['bytes', 'everyMilliseconds', ...ofConnections],
      own: (fault) => `into pieces of ${bytes(fault.bytes)}${fault.everyMilliseconds > 0 ? `, ${milliseconds(fault.everyMilliseconds)} apart` : ''}`,
    },
    reset: { name: 'Reset', text: 'Connections are cut by RST. Bytes are lost.', fields: ['afterBytes', 'afterSeconds', ...ofConnections], own: after },
    fin: { name: 'Fin', text: 'Connections are closed by FIN, in the middle of a message too.', fields: ['afterBytes', 'afterSeconds', ...ofConnections], own: after },
    corrupt: { name: 'Corrupt', text: 'A byte comes back changed.', fields: ['everyBytes', ...ofConnections], own: every },
    drop: { name: 'Drop', text: 'A byte does not come back.', fields: ['everyBytes', ...ofConnections], own: every },
    duplicate: { name: 'Duplicate', text: 'A byte comes back twice.', fields: ['everyBytes', ...ofConnections], own: every },
    keepOpen: { name: 'Keep open', text: 'The client’s FIN is not answered until it ends.', fields: ofConnections, own: nothing },
  },
  Listener: {
    refuse: { name: 'Refuse', text: 'The listeners are closed: new clients are refused, open ones go on.', fields: [], own: nothing },
    noAccept: { name: 'No accept', text: 'The listeners stay and nobody is accepted: new clients hang.', fields: [], own: nothing },
    resetNew: { name: 'Reset new', text: 'New clients are accepted and reset at once.', fields: choice, own: nothing },
  },
  Readiness: {
    unready: { name: 'Unready', text: '/readyz says 503, and all else serves.', fields: [], own: nothing },
    falseReady: { name: 'False ready', text: '/readyz says 200 through a drain, which does not end this fault.', fields: [], own: nothing },
  },
  Datagrams: {
    udpDrop: { name: 'UDP drop', text: 'A datagram is not answered.', fields: choice, own: nothing },
    udpDelay: { name: 'UDP delay', text: 'A datagram is answered later.', fields: ['milliseconds', ...choice], own: later },
    udpDuplicate: { name: 'UDP duplicate', text: 'A datagram is answered twice.', fields: choice, own: nothing },
  },
};

const kinds = Object.fromEntries(Object.entries(groups).flatMap(([about, members]) => Object.entries(members).map(([kind, one]) => [kind, { ...one, about }])));
const unknown = { text: '', fields: [], own: nothing, about: '' };

/** @returns {Kind} what is known of a kind; little where the service is newer than this page. */
export const kindOf = (kind) => kinds[kind] ?? { ...unknown, name: kind };

/** What a fault that is on does, and to whom. */
export function describe(fault) {
  const { own, about } = kindOf(fault.kind);
  const parts = [own(fault), whom(fault, about)];
  // Without chance there is nothing to repeat.
  if (fault.percent < 100 || fault.jitterMilliseconds > 0) parts.push(`seed ${fault.seed}`);
  return parts.filter((part) => part !== '').join(' · ');
}

const scopes = { all: 'all connections', new: 'new connections', open: 'connections that were open' };

function whom({ kind, percent, remote, connections }, about) {
  if (percent === undefined) return about === 'Readiness' ? 'what /readyz says' : 'all who connect';
  const whole = about === 'Connections' ? scopes[connections] : kind === 'resetNew' ? 'all who connect' : 'all datagrams';
  const part = percent === 100 ? whole : `${percent} % of ${whole.replace('all who', 'those who').replace('all ', '')}`;
  return remote === undefined ? part : `${part} from ${remote}`;
}

/** How many it has hold of, or has met so far. */
export function reach({ kind, connectionsHeld, connectionsAffected }) {
  const { about } = kindOf(kind);
  const of = (value, what) => `${count(value)} ${what}${value === 1 ? '' : 's'}`;
  if (about === 'Datagrams') return `${of(connectionsAffected, 'datagram')} so far`;
  if (kind === 'resetNew') return `${of(connectionsAffected, 'connection')} so far`;
  if (about !== 'Connections') return '';
  const held = `holds ${of(connectionsHeld, 'connection')}`;
  return connectionsAffected === connectionsHeld ? held : `${held}, ${count(connectionsAffected)} so far`;
}
