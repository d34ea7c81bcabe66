import { AbstractStartedContainer, GenericContainer, getContainerRuntimeClient, Wait, type StartedTestContainer } from 'testcontainers';
import { docker, image, label } from './build-image.ts';

export const echoPort = 7007;
export const managementPort = 8080;

export interface HostLimits {
  /** Bytes, swap included. */
  memory?: number;
}

/** The part of `GET /stats` that the tests read. */
export interface Stats {
  listeners: { protocol: string; endpoint: string; state: string }[];
  connections: { active: number; accepted: number; limit: number };
  bytes: { received: number; sent: number };
  pools: { eventArgs: { inUse: number }; buffers: { bytesInUse: number } };
}

/** The service as the manifests run it: read-only root, no capabilities, no way to gain any. */
class HardenedContainer extends GenericContainer {
  constructor(limits: HostLimits) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
    this.hostConfig.Memory = this.hostConfig.MemorySwap = limits.memory;
    this.withDroppedCapabilities('ALL')
      .withSecurityOpt('no-new-privileges')
      .withLabels({ [label]: 'true' })
      .withExposedPorts(echoPort, managementPort)
      .withWaitStrategy(Wait.forHttp('/readyz', managementPort).withStartupTimeout(50_000));
  }
}

/** A started service. `await using` stops and removes it. */
export class Service extends AbstractStartedContainer {
  static async start(environment: Record<string, string> = {}, limits: HostLimits = {}): Promise<Service> {
    return new Service(await new HardenedContainer(limits).withEnvironment(environment).start());
  }

  private constructor(started: StartedTestContainer) {
    super(started);
  }

  /** The echo port as the engine publishes it. */
  get published(): { host: string; port: number } {
    return { host: this.getHost(), port: this.getMappedPort(echoPort) };
  }

  /**
   * The echo port of the container itself. Docker publishes ports on loopback through a proxy process, which turns a
   * reset into a FIN and buffers; where that matters a test goes around it.
   */
  get direct(): { host: string; port: number } {
    return { host: this.inspect('{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'), port: echoPort };
  }

  get management(): string {
    return `http://${this.getHost()}:${this.getMappedPort(managementPort)}`;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.management + path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  inspect(format: string): string {
    return docker('inspect', '--format', format, this.getId());
  }

  /** Bytes of memory that the container uses now, by the engine's account. */
  async memory(): Promise<number> {
    const client = await getContainerRuntimeClient();
    const stats = await client.container.getById(this.getId()).stats({ stream: false, 'one-shot': true });
    return stats.memory_stats.usage;
  }

  /** Standard output so far. */
  output(): string {
    return docker('logs', this.getId());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ timeout: 0 });
  }
}
