// SPDX-License-Identifier: BSD-3-Clause
import { openCounters, DatapathAway, type Counters } from '../datapath/libsluice.js';
import { MESSAGES } from '../tables/messages.js';
import { measure, readRecord, type RecordOf } from '../tables/records.js';

const LAYOUTS = {
  drop: MESSAGES.drop_counter,
  rule: MESSAGES.rule_counter,
  iface: MESSAGES.iface_counter,
  worker: MESSAGES.worker_counter,
} as const;
type Arrays = typeof LAYOUTS;

/** The shared counters of the datapath that runs now, opened again when another took its place. */
export class Counting {
  readonly #directory: string;
  #open: Counters | null = null;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Throws DatapathAway where no datapath has run yet. */
  get current(): Counters {
    if (this.#open?.stale() === true) this.close();
    return (this.#open ??= openCounters(this.#directory));
  }

  /** The counters, or null while there are none. */
  get perhaps(): Counters | null {
    try {
      return this.current;
    } catch (error) {
      if (error instanceof DatapathAway) return null;
      throw error;
    }
  }

  get workers(): number {
    return this.current.head().workers;
  }

  /** One worker's record of a slot. */
  record<A extends keyof Arrays>(array: A, worker: number, slot: number): RecordOf<Arrays[A]> {
    return this.records(array, worker, slot, 1)[0] as RecordOf<Arrays[A]>;
  }

  /** `count` records of one worker from a slot on. */
  records<A extends keyof Arrays>(
    array: A,
    worker: number,
    first: number,
    count: number,
  ): RecordOf<Arrays[A]>[] {
    const layout = LAYOUTS[array];
    const bytes = this.current.read(array, worker, first, count);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { size } = measure(layout);
    return Array.from(
      { length: count },
      (_, i) => readRecord(layout, view, i * size) as RecordOf<Arrays[A]>,
    );
  }

  close(): void {
    this.#open?.close();
    this.#open = null;
  }
}
