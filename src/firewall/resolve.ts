// SPDX-License-Identifier: BSD-3-Clause
import { fromPrefix, union } from '../net/algebra.js';
import type { AddressSet, Prefix } from '../net/sets.js';
import type { Context } from '../rulefile/context.js';
import type { AddressSets } from './addresses.js';
import { extraOf, translatorOf, type ExtraNames } from './extra.js';
import { resolveGroups, type GroupSets } from './groups.js';
import type { Policy, Rule } from './model.js';
import type { AddressesConfig, FirewallConfig, PolicyConfig, RuleConfig } from './schema.js';
import type { ServiceSets } from './services.js';

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

/** Resolves policies to the model; what cannot be resolved is reported and left out. */
export function resolveFirewall(
  config: FirewallConfig,
  names: ExtraNames,
  context: Context,
  { addresses, services }: GroupSets = resolveGroups(config, context),
): ResolvedPolicy[] {
  return (config.policies ?? []).map((policy) =>
    resolvePolicy(policy, { addresses, services, names }, context),
  );
}

function resolvePolicy(
  config: PolicyConfig,
  { addresses, services, names }: Known,
  context: Context,
): ResolvedPolicy {
  const rules: ResolvedRule[] = [];
  for (const one of config.rules) {
    const source = setOf(one, 'source', addresses);
    const translator = translatorOf(one);
    const destination =
      translator === null
        ? setOf(one, 'destination', addresses)
        : translator.kind === 'forward'
          ? serversOf([names.forwards.get(translator.name) ?? []].flat())
          : serversOf(names.balancers.get(translator.name) ?? []);
    const service = services.ofRule(one);
    const extra = extraOf(one, names, context);
    if (source === undefined || destination === undefined || service === undefined) continue;
    if (extra === undefined) continue;
    const { name, action, description = null } = one;
    const rule = {
      name,
      at: context.position(one),
      source,
      destination,
      service,
      action,
      ...logging(one.log),
      stateless: one.state === 'none',
      midstream: (one.midstream ?? config.midstream) === 'allow',
      extra,
      enabled: one.enabled && config.enabled,
      description,
    };
    rules.push({ config: one, rule });
  }
  const policy = {
    name: config.name,
    at: context.position(config),
    from: listOf(config.from),
    to: listOf(config.to),
    keepEstablished: config['keep-established'],
    rules: rules.map((resolved) => resolved.rule),
  };
  return { config, policy, rules };
}

/** What rules refer to. */
interface Known {
  readonly addresses: AddressSets;
  readonly services: ServiceSets;
  readonly names: ExtraNames;
}

function logging(value: RuleConfig['log']): Pick<Rule, 'log' | 'logEnd'> {
  if (typeof value === 'boolean') return { log: value, logEnd: value };
  return { log: value.start, logEnd: value.end };
}

function setOf(
  rule: RuleConfig,
  key: 'source' | 'destination',
  addresses: AddressSets,
): AddressSet | null | undefined {
  const value: AddressesConfig | undefined = rule[key];
  return value === undefined || value === 'any' ? null : addresses.resolve(value, rule, key);
}

function serversOf(servers: readonly Prefix[]): AddressSet {
  return union(...servers.map(fromPrefix));
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : [...new Set(value)];
}
