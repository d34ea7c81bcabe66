import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { docker } from '../support/build-image.ts';
import { EchoClient, echoOnce } from '../support/echo-client.ts';
import { eventually } from '../support/eventually.ts';
import { Service } from '../support/service.ts';

const stop = (id: string) => promisify(execFile)('docker', ['stop', '--time', '30', id]);
const window = 32 * 1024;

describe('the end of a container', () => {
  test('docker stop while 100 clients stream: drained, exit code 0, and no client loses a byte that the server had', async () => {
    await using service = await Service.start({
      Drain__ReadinessDelay: '00:00:01', Drain__Spread: '00:00:02', Drain__Timeout: '00:00:15', Echo__CloseTimeout: '00:00:05',
    });
    const clients = await Promise.all(Array.from({ length: 100 }, () => EchoClient.connect(service.direct)));
    const quiet = clients.slice(0, 50);
    const streams = clients.map((client) => client.stream(window));
    await eventually(async () => clients.map((client) => client.received), (received) => received.every((bytes) => bytes > 4 * window));

    const began = performance.now();
    const stopped = stop(service.getId());
    await eventually(() => fetch(`${service.management}/readyz`), (response) => response.status === 503);
    // Lame duck: balancers that have not heard of it yet still send clients, and these are served.
    await echoOnce(service.direct);
    for (const client of quiet) client.stopStreaming();

    expect(await Promise.all(clients.map((client) => client.ended))).toEqual(clients.map(() => 'fin'));
    await Promise.all(streams);
    // Whoever stopped sending got everything back; for the others EchoClient holds what came to a prefix of what went.
    expect(quiet.map((client) => client.sent - client.received)).toEqual(quiet.map(() => 0));

    await stopped;
    expect(performance.now() - began).toBeLessThan(16_000);
    expect(service.inspect('{{.State.ExitCode}} {{.State.OOMKilled}}')).toBe('0 false');
    expect(docker('logs', service.getId())).toMatch(/Drained: .*100 gracefully, 0 by force/);
  });

  test('SIGKILL, then started again: it serves as before', async () => {
    await using service = await Service.start();
    const client = await EchoClient.connect(service.direct);
    client.send(1000);
    await client.echoed();

    docker('kill', '--signal', 'KILL', service.getId());
    await client.ended;
    expect(await eventually(async () => service.inspect('{{.State.Status}} {{.State.ExitCode}}'), (state) => state.startsWith('exited'))).toBe('exited 137');

    await service.restart();
    await echoOnce(service.published);
    expect(await service.get('/readyz')).toMatchObject({ phase: 'serving' });
  });
});
