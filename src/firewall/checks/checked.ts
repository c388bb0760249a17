// SPDX-License-Identifier: BSD-3-Clause
import { ListMemory } from '../../rulefile/lists.js';
import type { ResolvedRule } from '../resolve.js';
import type { RuleConfig } from '../schema.js';

/** What checks found out about lists of rules, for those that an edit makes of them. */
export class Checked {
  /** How often each name is there. */
  readonly names = new ListMemory<RuleConfig, Map<string, number>>();
  /** Lists without a finding. */
  readonly clean = new ListMemory<ResolvedRule, true>();
}
