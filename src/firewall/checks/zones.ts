// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../../diagnostics/suggest.js';
import type { Context } from '../../rulefile/context.js';
import { itemsOf } from '../../rulefile/schema.js';
import type { FirewallConfig } from '../schema.js';

/** The zones of a policy exist. */
export function checkZones(
  config: FirewallConfig,
  zones: ReadonlyMap<string, unknown> | undefined,
  context: Context,
): void {
  const known = zones ?? new Map<string, unknown>();
  for (const policy of config.policies ?? []) {
    for (const key of ['from', 'to'] as const) {
      for (const { text, owner, key: place } of itemsOf(policy, key, policy[key])) {
        if (text === 'any' || text === 'local' || known.has(text) || context.wrote(known, text))
          continue;
        context.report('unknown-zone', context.at(owner, place), `there is no zone '${text}'`, {
          hint: () => didYouMean(text, ['any', 'local', ...known.keys()]),
        });
      }
    }
  }
}
