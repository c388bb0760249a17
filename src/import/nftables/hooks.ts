// SPDX-License-Identifier: BSD-3-Clause
import { sortOutCalls } from '../shared/calls.js';
import { decisionsOf, type Decision } from '../shared/decisions.js';
import { flatten } from '../shared/flatten.js';
import { EVERYTHING, type Space } from '../shared/box.js';
import type { Remarks } from '../shared/remarks.js';
import type { Chain as FlatChain, Rule, Target } from '../shared/rule.js';
import type { Chain, Ruleset, Table } from './ruleset.js';
import type { Around } from './around.js';
import { readStatement } from './read.js';

/** What a family's packets meet, in the order of priorities. */
interface Base {
  readonly table: Table;
  readonly chain: Chain;
}

/** Hooks a packet passes on its way through the box, or to it. */
const WAYS = {
  INPUT: ['prerouting', 'input'],
  FORWARD: ['prerouting', 'forward', 'postrouting'],
  OUTPUT: ['output', 'postrouting'],
} as const;
export type Way = keyof typeof WAYS;

/** Base chains that filter, of one family and way. */
export function basesOf({ tables }: Ruleset, family: 4 | 6, way: Way): Base[] {
  const own = family === 4 ? 'ip' : 'ip6';
  return WAYS[way].flatMap((hook) =>
    tables
      .filter((table) => table.family === own || table.family === 'inet')
      .flatMap((table) => [...table.chains.values()].map((chain) => ({ table, chain })))
      .filter(({ chain }) => chain.hook === hook && chain.type !== 'nat' && chain.type !== null)
      .sort((a, b) => a.chain.priority - b.chain.priority),
  );
}

/**
 * One list of decisions from all base chains of a way: what one accepts goes on to the next, what
 * one drops is gone. A string says why there can be none.
 */
export function decide(
  ruleset: Ruleset,
  way: Way,
  around: (table: Table, key: string, hook: string) => Around,
  family: 4 | 6,
  space: Space,
  remarks: Remarks,
): Decision[] | string {
  const chains = chainsOf(basesOf(ruleset, family, way), way, around);
  const sorted = sortOutCalls(chains, remarks);
  if (typeof sorted === 'string') return sorted;
  const first = sorted.get('0') as FlatChain;
  return decisionsOf(flatten(first, false, sorted, space, remarks), remarks);
}

/** Chains by `BASE/NAME`, base chains by their number; accepting goes on to the next number. */
function chainsOf(
  bases: readonly Base[],
  way: Way,
  around: (table: Table, key: string, hook: string) => Around,
): Map<string, FlatChain> {
  const chains = new Map<string, FlatChain>();
  if (bases.length === 0) {
    const hook = way.toLowerCase();
    const rule = plain(hook, 1, 1, `no chain hooks ${hook}: all is accepted`, { kind: 'accept' });
    chains.set('0', { name: '0', key: hook, line: 1, policy: null, rules: [rule] });
    return chains;
  }
  for (const [i, { table, chain }] of bases.entries()) {
    const accepted: Target =
      i + 1 < bases.length
        ? { kind: 'chain', name: String(i + 1), goto: true }
        : { kind: 'accept' };
    const goesOn = accepted.kind === 'chain' && chain.policy === 'accept';
    const name = (one: string): string => (one === chain.name ? String(i) : `${i}/${one}`);
    const waiting = [chain];
    while (waiting.length > 0) {
      const one = waiting.pop() as Chain;
      if (chains.has(name(one.name))) continue;
      const key = `${table.family} ${table.name} ${one.name}`;
      const context = around(table, key, chain.hook);
      const rules = one.rules.flatMap(
        (statement, n) => readStatement(statement, one, n + 1, context).rules,
      );
      const read = rules.map((rule): Rule => {
        // What goes on either way need not be told apart: both come to what follows.
        if (rule.target.kind === 'accept')
          return { ...rule, target: one === chain && goesOn ? { kind: 'return' } : accepted };
        if (rule.target.kind !== 'chain') return rule;
        const called = table.chains.get(rule.target.name);
        if (called !== undefined) waiting.push(called);
        return { ...rule, target: { ...rule.target, name: name(rule.target.name) } };
      });
      if (one === chain) {
        const text = `policy ${chain.policy} of chain ${chain.name} in table ${table.family} ${table.name}`;
        const target: Target = chain.policy === 'drop' ? { kind: 'deny', with: null } : accepted;
        // RETURN of a base chain is its policy, which another chain may follow.
        const policy = plain(chain.name, one.rules.length + 1, chain.line, text, target);
        const body = `${i}/`;
        chains.set(body, { name: body, key, line: chain.line, policy: null, rules: read });
        const call = plain(chain.name, 0, chain.line, text, {
          kind: 'chain',
          name: body,
          goto: false,
        });
        chains.set(name(one.name), {
          name: name(one.name),
          key,
          line: chain.line,
          policy: null,
          rules: [call, policy],
        });
      } else
        chains.set(name(one.name), {
          name: name(one.name),
          key,
          line: one.line,
          policy: null,
          rules: read,
        });
    }
  }
  return chains;
}

function plain(chain: string, number: number, line: number, text: string, target: Target): Rule {
  return {
    chain, number, line, text, comment: null, boxes: [EVERYTHING], skips: [], over: null,
    partly: false, target,
  }; // prettier-ignore
}
