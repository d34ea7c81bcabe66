import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { EchoClient, echoOnce } from '../support/echo-client.ts';
import { eventually } from '../support/eventually.ts';
import { Service, type Stats } from '../support/service.ts';

const MiB = 1024 * 1024;

describe('a memory limit of 128 MiB', () => {
  test('holds 2,000 connections, a hog and a client that never reads', { timeout: 180_000 }, async () => {
    await using service = await Service.start({}, { memory: 128 * MiB });
    const clients: EchoClient[] = [];
    try {
      // Fewer at once than the listen backlog holds.
      while (clients.length < 2000) {
        clients.push(...await Promise.all(Array.from({ length: 200 }, () => EchoClient.connect(service.direct))));
      }
      for (const client of clients) client.send(1024);
      await Promise.all(clients.map((client) => client.echoed()));
      expect((await service.get<Stats>('/stats')).connections.active).toBe(2000);

      const deaf = await EchoClient.connect(service.direct);
      deaf.pauseReading();
      deaf.send(16 * MiB);
      const hog = await EchoClient.connect(service.direct);
      const stream = hog.stream(4 * MiB);
      let peak = 0;
      while (hog.received < 64 * MiB) {
        peak = Math.max(peak, await service.memory());
        await delay(100);
      }
      hog.stopStreaming();
      await stream;
      await hog.echoed();
      console.log(`memory: ${(peak / MiB).toFixed(0)} MiB of 128 at the most, under 2,000 connections and a hog`);

      // Its bytes waited for it.
      deaf.resumeReading();
      await deaf.echoed();
      expect(await Promise.all([deaf.close(), hog.close()])).toEqual(['fin', 'fin']);
      await echoOnce(service.direct);
    } finally {
      for (const client of clients) client.destroy();
    }

    const rest = await eventually(() => service.get<Stats>('/stats'), (stats) => stats.connections.active === 0);
    expect(rest.pools).toMatchObject({ eventArgs: { inUse: 0 }, buffers: { bytesInUse: 0 } });
    expect(service.inspect('{{.State.OOMKilled}} {{.State.Status}} {{.RestartCount}}')).toBe('false running 0');
  });
});
