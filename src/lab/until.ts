// SPDX-License-Identifier: BSD-3-Clause
import { setTimeout as wait } from 'node:timers/promises';

/** Waits until `look` gives something; throws after `timeout` ms. Gives it back with the ms it took. */
export async function until<T>(
  what: string,
  timeout: number,
  look: () => Promise<T | null | false | undefined>,
): Promise<{ readonly value: T; readonly ms: number }> {
  const start = performance.now();
  for (;;) {
    const value = await look();
    const ms = performance.now() - start;
    if (value !== null && value !== undefined && value !== false) return { value, ms };
    if (ms > timeout) throw new Error(`${what}: not within ${timeout} ms`);
    await wait(2);
  }
}
