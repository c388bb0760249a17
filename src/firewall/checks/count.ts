// SPDX-License-Identifier: BSD-3-Clause
import type { Context } from '../../rulefile/context.js';
import { MOST_RULES } from '../limits.js';
import type { FirewallConfig } from '../schema.js';

/** Refuses more rules than the fast path is built for. */
export function checkCount(config: FirewallConfig, context: Context): void {
  const policies = config.policies ?? [];
  const count = policies.reduce((sum, policy) => sum + policy.rules.length, 0);
  if (count <= MOST_RULES) return;
  const message = `the rule file has ${count} rules; the limit is ${MOST_RULES}`;
  context.report('too-large', context.at(policies), message);
}
