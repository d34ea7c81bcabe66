import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker } from '../support/build-image.ts';
import { EchoClient, echoOnce } from '../support/echo-client.ts';
import { eventually } from '../support/eventually.ts';
import { managementPort, Service, type Stats } from '../support/service.ts';

describe('the service in a container', () => {
  let service: Service;
  beforeAll(async () => { service = await Service.start(); });
  afterAll(async () => { await service[Symbol.asyncDispose](); });

  test('echoes through the published port, byte for byte, and counts it', async () => {
    const before = await service.get<Stats>('/stats');
    await echoOnce(service.published, 1_000_000);
    const after = await eventually(() => service.get<Stats>('/stats'), (stats) => stats.connections.active === 0);
    expect(after.connections.accepted - before.connections.accepted).toBe(1);
    expect(after.bytes.received - before.bytes.received).toBe(1_000_000);
    expect(after.bytes.sent - before.bytes.sent).toBe(1_000_000);
    expect(after.listeners).toMatchObject([{ protocol: 'tcp', endpoint: '[::]:7007', state: 'listening' }]);
  });

  test('half-close: what was sent before the FIN comes back before the server sends its own', async () => {
    const client = await EchoClient.connect(service.direct);
    client.send(300_000);
    expect(await client.close()).toBe('fin');
    expect(client.received).toBe(300_000);
  });

  test('runs without root, capabilities or a writable file system', () => {
    expect(docker('top', service.getId(), '-eo', 'pid,uid,comm').split('\n').slice(1).map((line) => line.trim().split(/\s+/).slice(1))).toEqual([['1654', 'EchoService']]);
    expect(service.inspect('{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}')).toBe('true [ALL]');
    expect(docker('diff', service.getId())).toBe('');
  });

  test.each(['/bin/sh', 'sh', 'bash'])('has no shell to get into: %s', async (shell) => {
    const { output, exitCode } = await service.exec([shell, '-c', 'true']);
    expect(output).toMatch(/no such file|not found/);
    expect(exitCode).toBeGreaterThanOrEqual(126);
  });

  test('its own health check says healthy, and unhealthy where nobody answers', async () => {
    const healthy = await service.exec(['/app/EchoService', '--healthcheck']);
    expect(healthy.output.trim()).toBe(`healthy: http://localhost:${managementPort}/livez answered 200`);
    expect(healthy.exitCode).toBe(0);

    const unhealthy = await service.exec(['/app/EchoService', '--healthcheck', '--urls', 'http://localhost:1']);
    expect(unhealthy.output.trim()).toMatch(/^unhealthy: http:\/\/localhost:1\/livez: .*refused.*$/i);
    expect(unhealthy.exitCode).toBe(1);
  });

  test('a stranger may read, but not change: the engine\'s network is not loopback', async () => {
    const response = await fetch(`${service.management}/drain`, { method: 'POST' });
    expect(response.status).toBe(403);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });
});
