// SPDX-License-Identifier: BSD-3-Clause
import type { Span } from '../../diagnostics/collect.js';
import type { Context } from '../../rulefile/context.js';
import type { FirewallConfig, RuleConfig } from '../schema.js';
import type { Checked } from './checked.js';

/** Policies, and rules within a policy, have names of their own. */
export function checkNames(config: FirewallConfig, context: Context, checked: Checked): void {
  const policies = new Map<string, object>();
  for (const policy of config.policies ?? []) {
    const first = policies.get(policy.name);
    if (first === undefined) policies.set(policy.name, policy);
    else report(`policy '${policy.name}'`, policy, first, context);
    if (unique(policy.rules, checked)) continue;
    const rules = new Map<string, object>();
    for (const rule of policy.rules) {
      const before = rules.get(rule.name);
      if (before === undefined) rules.set(rule.name, rule);
      else report(`rule '${policy.name}/${rule.name}'`, rule, before, context);
    }
  }
}

/** Whether no name is there twice; of a list that an edit made of another, only what differs is counted. */
function unique(rules: readonly RuleConfig[], { names }: Checked): boolean {
  const before = names.take(rules);
  const counts = before?.made ?? new Map<string, number>();
  const { from = 0, rest = 0 } = before ?? {};
  for (const { name } of before?.items.slice(from, before.count - rest) ?? []) {
    const left = (counts.get(name) ?? 0) - 1;
    if (left > 0) counts.set(name, left);
    else counts.delete(name);
  }
  for (const { name } of rules.slice(from, rules.length - rest))
    counts.set(name, (counts.get(name) ?? 0) + 1);
  names.keep(rules, counts);
  return counts.size === rules.length;
}

function report(what: string, second: object, first: object, context: Context): void {
  const span: Span = context.at(second, 'name');
  context.report('name-duplicate', span, `there is a ${what} already`, {
    related: [{ span: context.at(first, 'name'), message: 'the first is here' }],
  });
}
