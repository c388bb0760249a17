// SPDX-License-Identifier: BSD-3-Clause
import { Conditions, type Surroundings } from './conditions.js';
import type { RuleLine, Table } from './dump.js';
import { readMatches } from './matches.js';
import { parseOptions } from './options.js';
import { outcomeOf } from '../shared/outcome.js';
import type { Remarks } from '../shared/remarks.js';
import type { Chain, Rule } from '../shared/rule.js';
import { readTarget } from './targets.js';

/** Reads the rules of all chains; `remarks` hears what cannot be taken over. */
export function readChains(
  table: Table,
  around: Surroundings,
  remarks: Remarks,
): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  const known = { has: (name: string) => table.chains.get(name)?.declared === true };
  for (const [name, { line, policy, rules }] of table.chains) {
    const read = rules.map((rule, i) => readRule(name, i + 1, rule, around, known, remarks));
    chains.set(name, { name, line, policy, rules: read });
  }
  return chains;
}

function readRule(
  chain: string,
  number: number,
  { line, text, words }: RuleLine,
  around: Surroundings,
  known: { has(name: string): boolean },
  remarks: Remarks,
): Rule {
  const parts = parseOptions(words);
  const to = new Conditions(around, line);
  readMatches(parts, to);
  const { target, problem } = readTarget(parts, known);
  const say = (message: string): void => remarks.later(chain, line, message);
  const base = { chain, number, line, text, comment: to.comment, target };
  // What only keeps a list is told once.
  const told = parts.target !== null || to.remarks.length === 0 ? problem : null;
  return outcomeOf(base, to, told, say, remarks);
}
