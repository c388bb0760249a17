// SPDX-License-Identifier: BSD-3-Clause

/** ms from sample to sample. */
const EVERY = 2000;

/** How fast counters grow, by number: sampled every two seconds, told over the last two samples. */
export class Rates {
  readonly #sample: () => Promise<Iterable<readonly [number, number]>>;
  readonly #timer: NodeJS.Timeout;
  #last = { at: 0, counts: new Map<number, number>() };
  #before = this.#last;

  /** `sample` gives the counters that are above zero; where it fails, that sample is missing. */
  constructor(sample: () => Promise<Iterable<readonly [number, number]>>) {
    this.#sample = sample;
    this.#timer = setInterval(() => void this.#take(), EVERY).unref();
  }

  /** Growth a second of a counter that stands at `count` now. */
  of(number: number, count: number): number {
    const { at, counts } = this.#before;
    const seconds = (Date.now() - at) / 1000;
    if (at === 0) return 0;
    // A datapath that started again counts from zero.
    const grown = Math.max(0, count - (counts.get(number) ?? 0));
    return Math.round((grown / seconds) * 10) / 10;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #take(): Promise<void> {
    try {
      const counts = new Map(await this.#sample());
      this.#before = this.#last;
      this.#last = { at: Date.now(), counts };
    } catch {
      this.#last = { at: 0, counts: new Map() };
    }
  }
}
