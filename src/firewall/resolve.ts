// SPDX-License-Identifier: BSD-3-Clause
import type { AddressSet } from '../net/sets.js';
import type { Context } from '../rulefile/context.js';
import { AddressSets } from './addresses.js';
import type { Policy, Rule } from './model.js';
import type { AddressesConfig, FirewallConfig, PolicyConfig, RuleConfig } from './schema.js';
import { ServiceSets } from './services.js';

/** A rule with its sets, beside what was written. */
export interface ResolvedRule {
  readonly config: RuleConfig;
  readonly rule: Rule;
}

export interface ResolvedPolicy {
  readonly config: PolicyConfig;
  readonly policy: Policy;
  /** The rules of the policy that could be resolved. */
  readonly rules: readonly ResolvedRule[];
}

/** Resolves groups and policies to the model; what cannot be resolved is reported and left out. */
export function resolveFirewall(config: FirewallConfig, context: Context): ResolvedPolicy[] {
  const addresses = new AddressSets(config.groups?.addresses, context);
  const services = new ServiceSets(config.groups?.services, context);
  // Groups that no rule uses are read too: their errors would show up later otherwise.
  for (const name of config.groups?.addresses?.keys() ?? []) addresses.group(name);
  for (const name of config.groups?.services?.keys() ?? []) services.group(name);
  return (config.policies ?? []).map((policy) =>
    resolvePolicy(policy, addresses, services, context),
  );
}

function resolvePolicy(
  config: PolicyConfig,
  addresses: AddressSets,
  services: ServiceSets,
  context: Context,
): ResolvedPolicy {
  const rules: ResolvedRule[] = [];
  for (const one of config.rules) {
    const source = setOf(one, 'source', addresses);
    const destination = setOf(one, 'destination', addresses);
    const service = services.ofRule(one);
    if (source === undefined || destination === undefined || service === undefined) continue;
    const { name, action, log, description = null } = one;
    const enabled = one.enabled && config.enabled;
    const at = context.position(one);
    const sets = { source, destination, service };
    rules.push({ config: one, rule: { name, at, ...sets, action, log, enabled, description } });
  }
  const policy = {
    name: config.name,
    at: context.position(config),
    from: listOf(config.from),
    to: listOf(config.to),
    rules: rules.map((resolved) => resolved.rule),
  };
  return { config, policy, rules };
}

function setOf(
  rule: RuleConfig,
  key: 'source' | 'destination',
  addresses: AddressSets,
): AddressSet | null | undefined {
  const value: AddressesConfig | undefined = rule[key];
  return value === undefined || value === 'any' ? null : addresses.resolve(value, rule, key);
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : [...new Set(value)];
}
