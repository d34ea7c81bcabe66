import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { image, label } from '../support/build-image.ts';
import { echoOnce } from '../support/echo-client.ts';
import { canKustomize, deployed, find, kustomize } from '../support/manifests.ts';
import { Service, type Stats } from '../support/service.ts';

/** Runs a container that is expected to end by itself. */
function run(environment: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  const variables = Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  return spawnSync('docker', ['run', '--rm', '--label', label, '--read-only', ...variables, image], { encoding: 'utf8', timeout: 20_000 });
}

describe('configuration', () => {
  test.each([
    [{ Echo__Port: '70000' }, /^Echo:Port\b.*70000.*65535/],
    [{ Echo__LimitPolicy: 'perhaps' }, /^Echo:LimitPolicy\b.*perhaps.*reject.*queue/],
    [{ Echo__Prot: '7007' }, /^Echo:Prot\b/],
    [{ Echo__ProxyProtocol: 'required' }, /^Echo:TrustedProxies\b/],
    [{ Management__ApiKeyFile: '/nowhere' }, /^Management:ApiKeyFile\b.*\/nowhere/],
  ])('%j ends the start with one line that names the key and what is allowed', (environment, line) => {
    const { status, stderr } = run(environment);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(line)]);
    expect(status).toBe(1);
  });

  test('every problem has its line', () => {
    const { status, stderr } = run({ Echo__Port: '-1', Drain__Timeout: 'soon' });
    expect(stderr.trim().split('\n').map((line) => line.split(' ')[0]).sort()).toEqual(['Drain:Timeout', 'Echo:Port']);
    expect(status).toBe(1);
  });

  test('the settings of deploy/k8s are known to the service and do what the manifests rely on', async () => {
    const settings = find(deployed(), 'ConfigMap', 'echoservice').data!;
    await using service = await Service.start(settings);
    const stats = await service.get<Stats>('/stats');
    expect(stats.listeners).toMatchObject([{ endpoint: `[::]:${settings['Echo__Port']}`, state: 'listening' }]);
    expect(stats.connections.limit).toBe(Number(settings['Echo__MaxConnections']));
    expect(await service.get('/drain')).toMatchObject({ phase: 'serving' });
    await echoOnce(service.published);
    // What collects the pods' logs gets one JSON object a line.
    for (const line of service.output().trim().split('\n')) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
  });

  test.skipIf(!canKustomize)('so are those of the PROXY protocol example', async () => {
    const settings = find(kustomize('deploy/examples/proxy-protocol'), 'ConfigMap', 'echoservice').data!;
    await using service = await Service.start(settings);
    // A client without the header is not served.
    await expect(echoOnce(service.direct)).rejects.toThrow(/ended/);
  });
});
