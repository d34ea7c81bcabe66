import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../support/repository.ts';

const assembly = path.join(root, 'src/EchoService/bin/Release/net10.0/EchoService.dll');
const deadline = 30_000;

/** Waits for something that must come within the deadline. */
async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${deadline / 1000} s`)), deadline);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The service as it was built, in a process of its own, on loopback. */
export class Service implements AsyncDisposable {
  readonly #clients: Client[] = [];
  #process!: ChildProcess;
  echoPort = 0;
  managementPort = 0;

  /** @param settings what differs from the defaults, such as `Drain:Spread=00:00:01` */
  static async start(...settings: string[]): Promise<Service> {
    const service = new Service(settings);
    await service.#start();
    return service;
  }

  private constructor(private readonly settings: string[]) {}

  get url(): string {
    return `http://127.0.0.1:${this.managementPort}/`;
  }

  async #start(): Promise<void> {
    const settings = [
      'Echo:Address=127.0.0.1', `Echo:Port=${this.echoPort}`, `urls=http://127.0.0.1:${this.managementPort}`,
      'Drain:ReadinessDelay=00:00:00', 'Drain:Spread=00:00:00', 'Drain:Timeout=00:00:05', ...this.settings,
    ];
    // The page must not depend on where the service is started.
    this.#process = spawn('dotnet', [assembly, ...settings.map((setting) => `--${setting}`)], { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
    const output: string[] = [];
    const listening = new Promise<void>((resolve, reject) => {
      this.#process.on('error', reject);
      this.#process.on('exit', (code) => reject(new Error(`the service ended with ${code}: ${output.join('\n')}`)));
      createInterface(this.#process.stdout!).on('line', (line) => {
        output.push(line);
        const management = /Management listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
        if (management) {
          this.managementPort = Number(management[1]);
          resolve();
        }
      });
    });
    await within(listening, 'the start of the service');
    const { listeners } = await this.get<{ listeners: [{ endpoint: string }] }>('stats');
    this.echoPort = Number(listeners[0].endpoint.split(':').at(-1));
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    await within(exit, 'the end of the service');
  }

  /** Ends it and starts it again on the same ports. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#start();
  }

  async get<T>(name: string): Promise<T> {
    return (await (await fetch(this.url + name)).json()) as T;
  }

  async connect(): Promise<Client> {
    const socket = connect(this.echoPort, '127.0.0.1');
    await within(once(socket, 'connect'), 'a connection');
    const client = new Client(socket);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.stop('SIGKILL');
  }
}

/** A client of the echo service. */
export class Client {
  /** How the connection ended. */
  readonly end: Promise<'fin' | 'reset'>;
  readonly endPoint: string;
  readonly #socket: Socket;
  #received = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    // A socket that has ended knows its port no more.
    this.endPoint = `127.0.0.1:${socket.localPort}`;
    socket.on('data', (data) => (this.#received += data.length));
    const end = new Promise<'fin' | 'reset'>((resolve) => {
      socket.on('end', () => resolve('fin'));
      socket.on('error', () => resolve('reset'));
    });
    this.end = within(end, 'the end of a connection');
    // Nobody may be waiting for it.
    this.end.catch(() => undefined);
  }

  /** Sends so many bytes and waits until they are back. */
  async echo(bytes: number): Promise<void> {
    const wanted = this.#received + bytes;
    this.#socket.write(Buffer.alloc(bytes, 7));
    while (this.#received < wanted) await within(once(this.#socket, 'data'), 'an echo');
  }

  close(): void {
    this.#socket.destroy();
  }
}
