// SPDX-License-Identifier: BSD-3-Clause
import { OfflineDatapath } from '../../datapath/offline.js';

/** The fast path offline, kept warm: its start is the longest part of asking an assertion. */
export class WarmOffline {
  readonly #program: string;
  #offline: Promise<OfflineDatapath>;

  constructor(program: string) {
    this.#program = program;
    this.#offline = warm(program);
  }

  async ask<T>(question: (offline: OfflineDatapath) => Promise<T>): Promise<T> {
    try {
      return await question(await this.#offline);
    } catch (error) {
      // Whatever is wrong with it, the next who asks gets a new one.
      await this.close();
      this.#offline = warm(this.#program);
      throw error;
    }
  }

  async close(): Promise<void> {
    const offline = await this.#offline.catch(() => null);
    await offline?.close();
  }
}

/** A failure shows when it is asked. */
function warm(program: string): Promise<OfflineDatapath> {
  const offline = OfflineDatapath.start(program);
  offline.catch(() => undefined);
  return offline;
}
