// SPDX-License-Identifier: BSD-3-Clause
import type { Space } from '../shared/box.js';
import type { Ranges } from '../shared/ranges.js';
import type { Remarks } from '../shared/remarks.js';
import type { Collection, Table } from './ruleset.js';

/** What statements ask of the rest of the ruleset. */
export interface Around {
  readonly family: 4 | 6;
  readonly space: Space;
  readonly table: Table;
  /** Bits of the interfaces a name or pattern is of. */
  readonly interfaces: (pattern: string) => bigint;
  /** Addresses by type, as `fib daddr type` has them. */
  readonly addressTypes: ReadonlyMap<string, Ranges>;
  /** The group that stands for a set of addresses. */
  readonly group: (set: Collection, table: Table) => string;
  /** Whether anything in the ruleset sets marks. */
  readonly marks: boolean;
  /** Whether destinations are translated before they get here. */
  readonly translated: boolean;
  /** Whether packets have a way out where the chain is hooked. */
  readonly routed: boolean;
  readonly remarks: Remarks;
  /** Where remarks about the chain are kept until it is reached. */
  readonly key: string;
}
