// SPDX-License-Identifier: BSD-3-Clause
import type { Appliance } from '../appliance.js';
import type { Counting } from '../counting.js';
import type { LogDrain } from '../log.js';

/** Where shows take their data from. */
export interface Source {
  readonly appliance: Appliance;
  readonly counting: Counting;
  readonly log: LogDrain;
}

/** Data first, text second: the same for JSON, people, metrics and the shell. */
export interface Shown<T> {
  readonly data: (source: Source, query: URLSearchParams) => T | Promise<T>;
  readonly text: (data: T) => string;
}

/** ISO time of ns since the epoch, or null for never. */
export function moment(ns: bigint): string | null {
  return ns === 0n ? null : new Date(Number(ns / 1_000_000n)).toISOString();
}
