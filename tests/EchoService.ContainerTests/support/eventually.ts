import { setTimeout as delay } from 'node:timers/promises';

/** Asks until the answer is accepted and returns it; fails with the last answer or error when the time is over. */
export async function eventually<T>(ask: () => Promise<T>, accepted: (answer: T) => boolean, milliseconds = 10_000, interval = 20): Promise<T> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    let last: unknown;
    try {
      const answer = await ask();
      if (accepted(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
    await delay(interval);
  }
}
