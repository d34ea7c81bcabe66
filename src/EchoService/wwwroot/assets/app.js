// Puts the page together: the stream feeds everything, and everything else asks when it has to.

import { forgetKey, hasKey } from './api.js';
import { Chart } from './chart.js';
import { pauseClients, restart, resumeClients, startClients } from './clients.js';
import { byId, setText, toast } from './dom.js';
import { enter, setConnected, showPhase, startDrain } from './drain.js';
import { pauseFaults, readFaults, showFaults, startFaults, summary } from './faults.js';
import { showFigures } from './figures.js';
import { axisRate, clock, count, duration, rate } from './format.js';
import { History, span, timeOf } from './history.js';
import { follow } from './stream.js';

const describeEvery = 15;

const history = new History();
const throughput = new Chart(byId('throughput'), {
  name: 'Throughput over the last five minutes',
  series: [
    { style: 'series-1', value: (sample) => sample.received, area: true, output: byId('throughput-1') },
    { style: 'series-2', value: (sample) => sample.sent, output: byId('throughput-2') },
  ],
  format: rate,
  axisFormat: axisRate,
  floor: 1000,
  span,
});
const connections = new Chart(byId('connections'), {
  name: 'Connections over the last five minutes',
  series: [{ style: 'series-3', value: (sample) => sample.active, area: true, output: byId('connections-1') }],
  format: count,
  axisFormat: count,
  floor: 4,
  span,
  whole: true,
});

let instance = null;
let lastAt = null;
let described = -Infinity;

const stream = follow('events', {
  stats(stats) {
    lastAt = new Date();
    showLink('live', 'Live');
    byId('lost').hidden = true;
    noticeInstance(stats.instance);
    setConnected(true);
    showPhase(stats);
    showFaults(stats);
    showFigures(stats);
    history.add(stats);
    drawCharts(timeOf(stats));
    resumeClients();
  },
  phase: ({ phase }) => enter(phase),
  fault: () => readFaults(),
  retrying() {
    if (byId('lost').hidden) showLink('connecting', 'Connecting');
    else setText(byId('lost-text'), `${asOf()}Trying again…`);
  },
  lost(retryAt) {
    history.interrupt();
    showLink('lost', 'Not connected');
    setConnected(false);
    pauseFaults();
    pauseClients();
    byId('lost').hidden = false;
    const wait = Math.max(1, Math.round((retryAt.getTime() - Date.now()) / 1000));
    setText(byId('lost-text'), `${asOf()}Trying again in ${wait} s.`);
    document.title = 'Not connected – EchoService';
  },
});

const asOf = () => (lastAt === null ? '' : `What is shown is as of ${clock(lastAt)}. `);

function showLink(state, text) {
  byId('link').dataset.state = state;
  setText(byId('link-text'), text);
  document.body.toggleAttribute('data-stale', state !== 'live');
}

/** Another start time is another process: its counters begin at nothing and its clients are others. */
function noticeInstance(now) {
  const before = instance;
  instance = now;
  setText(byId('instance-name'), now.name);
  setText(byId('instance-version'), now.version);
  setText(byId('instance-uptime'), duration(now.uptimeSeconds));
  byId('instance-uptime').title = `since ${now.startedAt}`;
  if (before === null || (before.startedAt === now.startedAt && before.name === now.name)) return;
  history.interrupt();
  restart();
  const what = before.name === now.name ? 'The service was restarted' : `This is another instance, ${now.name}`;
  const updated = before.version !== now.version;
  setText(byId('notice-text'), `${what}; it started at ${clock(new Date(now.startedAt))}.${updated ? ` It is version ${now.version}, this page is of ${before.version}.` : ''}`);
  byId('notice-reload').hidden = !updated;
  byId('notice').hidden = false;
}

function drawCharts(now) {
  throughput.update(history.samples, now);
  connections.update(history.samples, now);
  const shown = history.samples.filter((sample) => !sample.gap);
  const last = shown.at(-1);
  document.title = `${byId('phase-name').textContent}${summary()} · ${count(last?.active ?? 0)} clients – EchoService`;
  // A description that changed every second could not be listened to.
  if (last === undefined || now - described < describeEvery) return;
  described = now;
  const most = (value) => Math.max(...shown.map(value));
  throughput.describe(`Now ${rate(last.received)} received and ${rate(last.sent)} sent; at most ${rate(most((sample) => sample.received))} received.`);
  connections.describe(`Now ${count(last.active)}; at most ${count(most((sample) => sample.active))}.`);
}

function showKey() {
  byId('key-forget').hidden = !hasKey();
}

byId('lost-retry').addEventListener('click', () => stream.retry());
byId('notice-dismiss').addEventListener('click', () => {
  byId('notice').hidden = true;
});
byId('notice-reload').addEventListener('click', () => location.reload());
byId('key-forget').addEventListener('click', () => {
  forgetKey();
  toast('The API key is forgotten.');
});
document.addEventListener('keychange', showKey);
showKey();
startClients();
startDrain();
startFaults();
