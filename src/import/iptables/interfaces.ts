// SPDX-License-Identifier: BSD-3-Clause
import { Interfaces } from '../shared/interfaces.js';
import type { Dump, RuleLine } from './dump.js';
import { parseOptions, type Option, type RuleParts } from './options.js';

/** The interfaces that a dump names. */
export function interfacesOf(dump: Dump): Interfaces {
  const patterns = new Set<string>();
  const hints = new Map<string, number>();
  for (const table of dump.tables)
    for (const chain of table.chains.values())
      for (const rule of chain.rules) collect(rule, table.name, patterns, hints);
  return new Interfaces(patterns, hints);
}

function collect(
  { words }: RuleLine,
  table: string,
  patterns: Set<string>,
  hints: Map<string, number>,
): void {
  const { core, target } = parseOptions(words);
  for (const option of core) {
    if (option.name !== '--in-interface' && option.name !== '--out-interface') continue;
    const [pattern = ''] = option.args;
    if (pattern === '' || pattern === '+') continue;
    patterns.add(pattern);
    if (table === 'nat' && !option.negated && isOutward(option, target)) {
      const name = pattern.endsWith('+') ? `${pattern.slice(0, -1)}0` : pattern;
      hints.set(name, (hints.get(name) ?? 0) + 1);
    }
  }
}

/** What leaves with another source, or comes in for another destination, is at the outside. */
function isOutward({ name }: Option, target: RuleParts['target']): boolean {
  const out = name === '--out-interface';
  return ['MASQUERADE', 'SNAT'].includes(target?.name ?? '')
    ? out
    : target?.name === 'DNAT' && !out;
}
