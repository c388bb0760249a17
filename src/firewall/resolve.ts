// SPDX-License-Identifier: BSD-3-Clause
import { fromPrefix, union } from '../net/algebra.js';
import type { AddressSet, Prefix } from '../net/sets.js';
import type { Context } from '../rulefile/context.js';
import { ListMemory, type Before } from '../rulefile/lists.js';
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

/** The rules of a list, and what they have of the policy they were made for. */
interface ResolvedList {
  readonly rules: readonly ResolvedRule[];
  readonly ranges: number;
  readonly enabled: boolean;
  readonly midstream: PolicyConfig['midstream'];
}

/** What became of rules whose names still mean the same, by what was written. */
export class RuleMemory {
  readonly rules = new WeakMap<RuleConfig, ResolvedRule>();
  readonly lists = new ListMemory<RuleConfig, ResolvedList>();
}

/** Resolves policies to the model; what cannot be resolved is reported and left out. */
export function resolveFirewall(
  config: FirewallConfig,
  names: ExtraNames,
  context: Context,
  { addresses, services }: GroupSets = resolveGroups(config, context),
  memory = new RuleMemory(),
): ResolvedPolicy[] {
  const policies = (config.policies ?? []).map((policy) => knownOf(policy, memory));
  const ranges = policies.reduce((sum, { ranges }) => sum + ranges, 0);
  const counted = addresses.fit(ranges);
  return policies.map((policy) =>
    resolvePolicy(policy, { addresses, services, names, memory, counted }, context),
  );
}

/** A policy, with those of its rules that were resolved before. */
interface KnownPolicy {
  readonly config: PolicyConfig;
  readonly list: Before<ResolvedList> | null;
  /** Between what the list begins and ends with. */
  readonly rest: readonly (ResolvedRule | undefined)[];
  readonly ranges: number;
}

function knownOf(config: PolicyConfig, memory: RuleMemory): KnownPolicy {
  const found = memory.lists.find(config.rules);
  const alike = found?.made.enabled === config.enabled && found.made.midstream === config.midstream;
  const list = alike ? found : null;
  const [from, end] = [list?.from ?? 0, config.rules.length - (list?.rest ?? 0)];
  const rest = config.rules.slice(from, end).map((one) => memory.rules.get(one));
  let ranges = list?.made.ranges ?? 0;
  if (list !== null)
    for (const one of list.made.rules.slice(list.from, list.count - list.rest))
      ranges -= rangesOf(one.rule);
  for (const one of rest) if (one !== undefined) ranges += rangesOf(one.rule);
  return { config, list, rest, ranges };
}

function rangesOf({ source, destination }: Rule): number {
  return rangeCount(source) + rangeCount(destination);
}

function resolvePolicy(
  { config, list, rest }: KnownPolicy,
  known: Known,
  context: Context,
): ResolvedPolicy {
  const { memory } = known;
  const reports = context.reports;
  let rules: ResolvedRule[] = [];
  // Where sets have to be counted one by one, all of them are looked at.
  if (list !== null) rules = list.made.rules.slice(0, list.from);
  if (!known.counted) for (const one of rules) countAgain(one, known);
  for (const [i, before] of rest.entries()) {
    const one = config.rules[i + (list?.from ?? 0)] as RuleConfig;
    if (before === undefined) {
      const fresh = resolveRule(one, config, known, context);
      if (fresh !== null) rules.push(fresh);
      continue;
    }
    if (!known.counted) countAgain(before, known);
    const { midstream, enabled } = within(one, config);
    const same = before.rule.midstream === midstream && before.rule.enabled === enabled;
    rules.push(same ? before : { config: one, rule: { ...before.rule, midstream, enabled } });
  }
  if (list !== null) {
    const last = list.made.rules.slice(list.count - list.rest);
    if (!known.counted) for (const one of last) countAgain(one, known);
    rules = rules.concat(last);
  }
  if (context.reports === reports) {
    const ranges = list === null ? sumOf(rules) : sumAfter(list, rules);
    const { enabled, midstream } = config;
    memory.lists.keep(config.rules, { rules, ranges, enabled, midstream });
  }
  const policy = {
    name: config.name,
    at: context.position(config),
    from: listOf(config.from),
    to: listOf(config.to),
    keepEstablished: config['keep-established'],
    rules: rules.map(({ rule }) => rule),
    places: context.places(config.rules),
  };
  return { config, policy, rules };
}

function sumOf(rules: readonly ResolvedRule[]): number {
  return rules.reduce((sum, { rule }) => sum + rangesOf(rule), 0);
}

/** The same of a list whose ends were summed up before. */
function sumAfter(
  { made, from, rest, count }: Before<ResolvedList>,
  rules: ResolvedRule[],
): number {
  const gone = sumOf(made.rules.slice(from, count - rest));
  return made.ranges - gone + sumOf(rules.slice(from, rules.length - rest));
}

function countAgain({ config, rule }: ResolvedRule, { addresses }: Known): void {
  addresses.again(rule.source, config, 'source');
  addresses.again(rule.destination, config, 'destination');
}

/** null where something of it is wrong, which is reported then. */
function resolveRule(
  one: RuleConfig,
  policy: PolicyConfig,
  { addresses, services, names, memory }: Known,
  context: Context,
): ResolvedRule | null {
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
  if (source === undefined || destination === undefined || service === undefined) return null;
  if (extra === undefined) return null;
  const { name, action, description = null } = one;
  const rule = {
    name,
    source,
    destination,
    service,
    action,
    ...logging(one.log),
    stateless: one.state === 'none',
    ...within(one, policy),
    extra,
    description,
  };
  const resolved = { config: one, rule };
  if (context.reports === reported) memory.rules.set(one, resolved);
  return resolved;
}

/** What rules refer to. */
interface Known {
  readonly addresses: AddressSets;
  readonly services: ServiceSets;
  readonly names: ExtraNames;
  readonly memory: RuleMemory;
  /** The sets of rules that were resolved before are counted already. */
  readonly counted: boolean;
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
