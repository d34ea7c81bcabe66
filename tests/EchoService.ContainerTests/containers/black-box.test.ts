import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root } from '../support/repository.ts';
import { Service } from '../support/service.ts';

test('the C# black-box suite passes against the container', { timeout: 300_000 }, async () => {
  const key = 'a-key-for-this-run-only';
  await using service = await Service.start({ Management__ApiKey: key });
  const { host, port } = service.direct;
  const run = promisify(execFile)(
    // As eng/test.sh has built it.
    'dotnet', ['test', 'tests/EchoService.IntegrationTests', '--configuration', 'Release', '--no-build', '--filter', 'Category=BlackBox'],
    {
      cwd: root, maxBuffer: 16 * 1024 * 1024,
      env: { ...process.env, ECHO_TCP: `${host}:${port}`, ECHO_HTTP: `http://${host}:8080`, ECHO_API_KEY: key },
    });
  const { stdout } = await run.catch((error: Error & { stdout: string; stderr: string }) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
  });
  // A filter that matches nothing ends with success too.
  const summary = /Failed:\s+(\d+), Passed:\s+(\d+)/.exec(stdout);
  expect(summary, stdout).not.toBeNull();
  expect(Number(summary![2])).toBeGreaterThan(0);
  console.log(`black box: ${summary![2]} tests passed against the container`);
});
