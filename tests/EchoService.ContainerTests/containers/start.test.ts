import { expect, test } from 'vitest';
import { docker } from '../support/build-image.ts';
import { eventually } from '../support/eventually.ts';
import { Service } from '../support/service.ts';

test('figures: from start to ready, and memory at rest', async () => {
  await using service = await Service.start();
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    docker('stop', '--time', '0', service.getId());
    docker('start', service.getId());
    const url = `http://${service.direct.host}:8080/readyz`;
    await eventually(() => fetch(url, { signal: AbortSignal.timeout(1000) }), (response) => response.ok, 20_000, 2);
    // The engine's own time for making the namespaces is not the service's; both clocks are this machine's.
    times.push(Date.now() - Date.parse(service.inspect('{{.State.StartedAt}}')));
  }
  times.sort((a, b) => a - b);
  const memory = docker('stats', '--no-stream', '--format', '{{.MemUsage}}', service.getId());
  console.log(`start to ready: ${times.map((time) => `${time} ms`).join(', ')}; idle memory: ${memory}`);
  // Guards against a different order of magnitude; shared machines are too noisy for more.
  expect(times[2]).toBeLessThan(3000);
});
