// The last five minutes: rates and connections, from one reading of /stats to the next. Time is the service's own, so
// that an event that was late on the way is no peak.

export const span = 300;

/** When a reading was taken, in seconds of the service's clock. */
export const timeOf = ({ instance }) => Date.parse(instance.startedAt) / 1000 + instance.uptimeSeconds;

export class History {
  samples = [];
  #last = null;

  add(stats) {
    const last = this.#last;
    const at = timeOf(stats);
    const { received, sent } = stats.bytes;
    this.#last = { at, received, sent };
    // Another instance's clock may be behind.
    if (this.samples.length > 0 && at < this.samples.at(-1).at) this.samples = [];
    const elapsed = last === null ? 0 : at - last.at;
    if (elapsed > 0) {
      this.samples.push({
        at,
        received: Math.max(0, received - last.received) / elapsed,
        sent: Math.max(0, sent - last.sent) / elapsed,
        active: stats.connections.active,
      });
    }
    const first = this.samples.findIndex((sample) => sample.at >= at - span);
    if (first > 0) this.samples.splice(0, first);
  }

  /** From here to the next reading nothing is known. */
  interrupt() {
    this.#last = null;
    const last = this.samples.at(-1);
    if (last && !last.gap) this.samples.push({ at: last.at, gap: true });
  }
}
