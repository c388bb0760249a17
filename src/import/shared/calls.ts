// SPDX-License-Identifier: BSD-3-Clause
import type { Remarks } from './remarks.js';
import type { Chain, Rule } from './rule.js';

/** Calls within calls. */
const MOST_DEPTH = 200;

/**
 * The chains without calls that lead back to themselves, which iptables does not take: what goes
 * there is denied. A string says why the chains are too much.
 */
export function sortOutCalls(
  chains: ReadonlyMap<string, Chain>,
  remarks: Remarks,
): Map<string, Chain> | string {
  const done = new Map<string, Chain>();
  const open = new Set<string>();
  const visit = (chain: Chain): boolean => {
    if (done.has(chain.name)) return true;
    if (open.size >= MOST_DEPTH) return false;
    open.add(chain.name);
    const rules: Rule[] = [];
    for (const rule of chain.rules) {
      const called = rule.target.kind === 'chain' ? chains.get(rule.target.name) : undefined;
      if (called !== undefined && open.has(called.name)) {
        const message = `the chain '${called.key ?? called.name}' calls itself: what goes there is denied`;
        remarks.later(chain.key ?? chain.name, rule.line, message);
        rules.push({ ...rule, target: { kind: 'deny', with: null } });
        continue;
      }
      if (called !== undefined && !visit(called)) return false;
      rules.push(rule);
    }
    open.delete(chain.name);
    done.set(chain.name, { ...chain, rules });
    return true;
  };
  for (const chain of chains.values())
    if (!visit(chain)) return `its chains call one another more than ${MOST_DEPTH} deep`;
  return done;
}
