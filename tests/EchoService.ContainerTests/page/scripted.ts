import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { read } from '../support/repository.ts';

/** What a scripted service is doing. */
export interface Scene {
  phase: 'serving' | 'lameDuck' | 'draining' | 'forcing' | 'drained';
  clients: number;
  /** Bytes a second, about. */
  rate: number;
}

const startedAt = new Date('2026-03-02T06:41:12Z');
const seconds = 300;
const uptime = 11_655;

/** Pseudo-random numbers from 0 to 1 that are the same every time (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Five minutes of /stats, one a second. */
function readings({ phase, clients, rate }: Scene): object[] {
  const next = random(7);
  const result: object[] = [];
  let received = rate * 9_000;
  let accepted = clients * 5 + 211;
  let level = 1;
  for (let i = 0; i <= seconds; i++) {
    level = Math.max(0.3, Math.min(1.7, level + (next() - 0.5) * 0.16 + (1 - level) * 0.03));
    const burst = i > 130 && i < 168 ? 1.5 : 1;
    received += Math.round(rate * level * burst * (0.94 + next() * 0.12));
    const wave = Math.round(clients * (1 + 0.12 * Math.sin((i - seconds) / 29) + 0.02 * (next() - 0.5)));
    const draining = phase === 'draining' && i > seconds - 9;
    const active = i === seconds ? clients : draining ? Math.round(clients * (1 + (seconds - i) * 0.2)) : phase === 'draining' ? clients * 3 : wave;
    accepted += clients === 0 ? 0 : Math.round(next() * 3);
    result.push({
      instance: { name: 'echoservice-5d9c7b6f4-x2x7k', version: '1.0.0', startedAt: startedAt.toISOString(), uptimeSeconds: uptime + i },
      phase,
      listeners: [{ protocol: 'tcp', endpoint: '[::]:7007', state: phase === 'draining' ? 'closed' : 'listening' }],
      connections: {
        active, peak: Math.round(clients * 1.4) + 12, limit: 10_000, accepted,
        closed: {
          clientFin: Math.round(clients * 3.1) + 160, clientReset: 37, idleTimeout: 12, sendTimeout: 2, maxLifetime: 0, admin: 2,
          drain: phase === 'draining' ? clients * 2 : 0, drainForced: 0, proxyHeader: 0, error: 0,
        },
        rejected: { limit: 0, draining: phase === 'draining' ? 4 : 0, resource: 0 },
      },
      bytes: { received, sent: received - Math.round(rate * 0.002) },
      pools: {
        eventArgs: { capacity: 10_000, created: Math.round(clients * 1.4) + 12, inUse: active },
        buffers: { bytesInUse: active * 3_200, bytesReserved: Math.max(65_536, Math.round(clients * 6_400)) },
      },
      udp: { received: 0, sent: 0, dropped: 0 },
    });
  }
  return result;
}

function client(id: number, index: number, next: () => number): object {
  const now = startedAt.getTime() + (uptime + seconds) * 1000;
  const age = (9_400 / (index + 1)) * (0.8 + next() * 0.4) + index * 3;
  const idle = next() < 0.25 ? Math.min(age, next() * 240) : next() * 0.9;
  const bytes = Math.round(age * next() ** 3 * 900_000);
  const pending = next() < 0.15 ? Math.round(next() * 65_536) : 0;
  const at = (ago: number) => new Date(now - ago * 1000).toISOString();
  const address = `10.42.${Math.floor(next() * 6)}.${2 + Math.floor(next() * 250)}:${32_768 + Math.floor(next() * 28_000)}`;
  const closing = index === 6;
  return {
    id, remoteEndPoint: address, peerEndPoint: address, localEndPoint: '10.42.0.17:7007', proxied: false, state: closing ? 'closing' : 'open',
    connectedAt: at(age), ageSeconds: age, lastReceivedAt: at(idle), lastSentAt: at(idle), idleSeconds: idle,
    bytesReceived: bytes + pending, bytesSent: bytes, pendingBytes: pending, closedAt: null, closeReason: closing ? 'admin' : null,
  };
}

function page(clients: number, limit: number): object {
  const next = random(23);
  const shown = Math.min(limit, clients);
  return {
    total: clients,
    items: Array.from({ length: shown }, (_, index) => client(1_204 + index * 3 + Math.floor(next() * 3), index, next)),
    next: clients > shown ? 'next' : null,
  };
}

function drain({ phase, clients }: Scene): object {
  const began = startedAt.getTime() + (uptime + seconds - 14) * 1000;
  const initial = clients * 3;
  return phase === 'serving'
    ? { phase, trigger: null, startedAt: null, deadline: null, initial: 0, remaining: 0, closedByClient: 0, closedGracefully: 0, closedForced: 0, bytesUnsent: 0 }
    : {
        phase, trigger: 'api', startedAt: new Date(began).toISOString(), deadline: new Date(began + 35_000).toISOString(),
        initial, remaining: clients, closedByClient: Math.round(clients * 0.4), closedGracefully: initial - clients - Math.round(clients * 0.4), closedForced: 0, bytesUnsent: 0,
      };
}

const types: Record<string, string> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };

/** The page's files with a made-up service behind them that always looks the same: for pictures. */
export async function script(scene: Scene): Promise<{ url: string } & AsyncDisposable> {
  const json = (response: ServerResponse, body: object) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    if (pathname === '/clients') return json(response, page(scene.clients, Number(searchParams.get('limit'))));
    if (pathname === '/drain') return json(response, drain(scene));
    if (pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.write(readings(scene).map((reading) => `event: stats\ndata: ${JSON.stringify(reading)}\n\n`).join(''));
    }
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    return response.writeHead(200, { 'content-type': types[path.extname(name)] }).end(read(`src/EchoService/wwwroot/${name}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
