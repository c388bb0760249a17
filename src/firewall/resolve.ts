// SPDX-License-Identifier: BSD-3-Clause
import { fromPrefix, union } from '../net/algebra.js';
import type { AddressSet, Prefix } from '../net/sets.js';
import type { Context } from '../rulefile/context.js';
import { rangeCount, type AddressSets } from './addresses.js';
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

/** What became of rules whose names still mean the same, by what was written. */
export type ResolvedBefore = Pick<WeakMap<RuleConfig, Rule>, 'get' | 'set'>;

/** Resolves policies to the model; what cannot be resolved is reported and left out. */
export function resolveFirewall(
  config: FirewallConfig,
  names: ExtraNames,
  context: Context,
  { addresses, services }: GroupSets = resolveGroups(config, context),
  before: ResolvedBefore = new WeakMap<RuleConfig, Rule>(),
): ResolvedPolicy[] {
  const policies = (config.policies ?? []).map((policy) => ({
    policy,
    known: policy.rules.map((one) => before.get(one)),
  }));
  let ranges = 0;
  for (const { known } of policies)
    for (const rule of known)
      if (rule !== undefined) ranges += rangeCount(rule.source) + rangeCount(rule.destination);
  const counted = addresses.fit(ranges);
  return policies.map(({ policy, known }) =>
    resolvePolicy(policy, known, { addresses, services, names, before, counted }, context),
  );
}

function resolvePolicy(
  config: PolicyConfig,
  resolved: readonly (Rule | undefined)[],
  known: Known,
  context: Context,
): ResolvedPolicy {
  const { addresses, services, names } = known;
  const rules: ResolvedRule[] = [];
  for (const [i, one] of config.rules.entries()) {
    const before = resolved[i];
    if (before !== undefined) {
      if (!known.counted) {
        addresses.again(before.source, one, 'source');
        addresses.again(before.destination, one, 'destination');
      }
      rules.push({ config: one, rule: again(before, context.position(one), one, config) });
      continue;
    }
    const reported = context.reports;
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
      ...within(one, config),
      extra,
      description,
    };
    if (context.reports === reported) known.before.set(one, rule);
    rules.push({ config: one, rule });
  }
  const policy = {
    name: config.name,
    at: context.position(config),
    from: listOf(config.from),
    to: listOf(config.to),
    keepEstablished: config['keep-established'],
    rules: rules.map(({ rule }) => rule),
  };
  return { config, policy, rules };
}

/** What rules refer to. */
interface Known {
  readonly addresses: AddressSets;
  readonly services: ServiceSets;
  readonly names: ExtraNames;
  readonly before: ResolvedBefore;
  /** The sets of rules that were resolved before are counted already. */
  readonly counted: boolean;
}

/** A rule as it was resolved before, where it stands now. Spelt out: there are ten thousand of them. */
function again(before: Rule, at: Rule['at'], config: RuleConfig, policy: PolicyConfig): Rule {
  const { name, source, destination, service, action, log, logEnd } = before;
  const { stateless, extra, description } = before;
  const { midstream, enabled } = within(config, policy);
  return {
    name,
    at,
    source,
    destination,
    service,
    action,
    log,
    logEnd,
    stateless,
    midstream,
    enabled,
    extra,
    description,
  };
}

/** What a rule has of its policy. */
function within(rule: RuleConfig, policy: PolicyConfig): Pick<Rule, 'midstream' | 'enabled'> {
  return {
    midstream: (rule.midstream ?? policy.midstream) === 'allow',
    enabled: rule.enabled && policy.enabled,
  };
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
