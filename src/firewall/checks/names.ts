// SPDX-License-Identifier: BSD-3-Clause
import type { Span } from '../../diagnostics/collect.js';
import type { Context } from '../../rulefile/context.js';
import type { FirewallConfig } from '../schema.js';

/** Policies, and rules within a policy, have names of their own. */
export function checkNames(config: FirewallConfig, context: Context): void {
  const policies = new Map<string, object>();
  for (const policy of config.policies ?? []) {
    const first = policies.get(policy.name);
    if (first === undefined) policies.set(policy.name, policy);
    else report(`policy '${policy.name}'`, policy, first, context);
    if (new Set(policy.rules.map(({ name }) => name)).size === policy.rules.length) continue;
    const rules = new Map<string, object>();
    for (const rule of policy.rules) {
      const before = rules.get(rule.name);
      if (before === undefined) rules.set(rule.name, rule);
      else report(`rule '${policy.name}/${rule.name}'`, rule, before, context);
    }
  }
}

function report(what: string, second: object, first: object, context: Context): void {
  const span: Span = context.at(second, 'name');
  context.report('name-duplicate', span, `there is a ${what} already`, {
    related: [{ span: context.at(first, 'name'), message: 'the first is here' }],
  });
}
