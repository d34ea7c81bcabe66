import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

// The n-th byte that any client sends is the n-th of this sequence repeated. Its period is a prime, so that a lost or
// repeated block of any buffer's size shows.
const period = 65_521;
const sequence = Buffer.alloc(period * 2);
for (let i = 0, x = 1; i < period; i++) {
  x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
  sequence[i] = sequence[i + period] = x >>> 16;
}

/** How a connection ended, as its client saw it. */
export type End = 'fin' | 'reset';

/** Sends a known sequence and checks each byte that comes back: what it receives must be an exact prefix of what it sent. */
export class EchoClient {
  sent = 0;
  received = 0;
  /** Settles when the connection has ended; rejects when a byte came back wrong. */
  readonly ended: Promise<End>;
  readonly #socket: Socket;
  #changed: () => void = () => {};
  #streaming = false;

  static async connect(endpoint: { host: string; port: number }): Promise<EchoClient> {
    const socket = connect({ ...endpoint, allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return new EchoClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.ended = new Promise((resolve, reject) => {
      socket.on('data', (data) => {
        if (!this.#matches(data)) {
          reject(new Error(`wrong bytes among ${this.received} to ${this.received + data.length}, of ${this.sent} sent`));
          socket.destroy();
          return;
        }
        this.received += data.length;
        this.#changed();
      });
      socket.on('end', () => {
        // Answer the FIN, as a well-behaved client does.
        socket.end();
        resolve('fin');
        this.#changed();
      });
      socket.on('error', () => resolve('reset'));
      socket.on('close', () => { this.#changed(); });
    });
    // Who is interested awaits it; a rejection that nobody awaits yet is no crash.
    this.ended.catch(() => {});
  }

  get open(): boolean {
    return this.#socket.writable;
  }

  pauseReading(): void { this.#socket.pause(); }
  resumeReading(): void { this.#socket.resume(); }

  /** Hands bytes to the kernel, or to Node's queue where the kernel takes no more. */
  send(length: number): void {
    for (let left = length; left > 0;) {
      const offset = this.sent % period;
      const chunk = sequence.subarray(offset, offset + Math.min(left, period));
      this.#socket.write(chunk);
      this.sent += chunk.length;
      left -= chunk.length;
    }
  }

  /** Settles when all that was sent has come back. Rejects if the connection ends before. */
  async echoed(): Promise<void> {
    while (this.received < this.sent) {
      if (this.#socket.readableEnded || this.#socket.destroyed) throw new Error(`ended with ${this.received} of ${this.sent} bytes echoed`);
      await this.#change();
    }
  }

  /** Keeps a window of bytes on their way until stopped or the connection ends. */
  async stream(window: number): Promise<void> {
    this.#streaming = true;
    while (this.#streaming && this.open && !this.#socket.readableEnded) {
      const room = window - (this.sent - this.received);
      if (room > 0) this.send(room);
      await this.#change();
    }
  }

  stopStreaming(): void {
    this.#streaming = false;
    this.#changed();
  }

  /** Sends FIN and awaits the server's. */
  async close(): Promise<End> {
    this.#socket.end();
    return this.ended;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Settles at the next byte received, at the end, or when streaming is stopped. One waits at a time. */
  #change(): Promise<void> {
    return new Promise((resolve) => { this.#changed = resolve; });
  }

  #matches(data: Buffer): boolean {
    if (this.received + data.length > this.sent) return false;
    for (let at = 0; at < data.length;) {
      const offset = (this.received + at) % period;
      const length = Math.min(data.length - at, period);
      if (data.compare(sequence, offset, offset + length, at, at + length) !== 0) return false;
      at += length;
    }
    return true;
  }
}

/** Connects, has some bytes echoed, and closes: the proof that the service serves. */
export async function echoOnce(endpoint: { host: string; port: number }, length = 4096): Promise<void> {
  const client = await EchoClient.connect(endpoint);
  client.send(length);
  await client.echoed();
  const end = await client.close();
  if (end !== 'fin') throw new Error(`ended by ${end}`);
}
