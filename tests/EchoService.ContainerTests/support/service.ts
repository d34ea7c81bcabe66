import { AbstractStartedContainer, GenericContainer, Wait, type StartedTestContainer } from 'testcontainers';
import { docker, image, label } from './build-image.ts';

export const echoPort = 7007;
export const managementPort = 8080;

export interface HostLimits {
  /** Bytes, swap included. */
  memory?: number;
}

/** The service as the manifests run it: read-only root, no capabilities, no way to gain any. */
class HardenedContainer extends GenericContainer {
  constructor(limits: HostLimits) {
    super(image);
    Object.assign(this.hostConfig, {
      ReadonlyRootfs: true,
      SecurityOpt: ['no-new-privileges'],
      ...(limits.memory === undefined ? {} : { Memory: limits.memory, MemorySwap: limits.memory }),
    });
    this.withDroppedCapabilities('ALL')
      .withLabels({ [label]: 'true' })
      .withExposedPorts(echoPort, managementPort)
      .withWaitStrategy(Wait.forHttp('/readyz', managementPort).withStartupTimeout(20_000));
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ timeout: 0 });
  }
}
