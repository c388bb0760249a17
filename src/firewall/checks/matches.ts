// SPDX-License-Identifier: BSD-3-Clause
import { isEmpty } from '../../net/algebra.js';
import { PROTOCOLS } from '../../net/services.js';
import type { Context } from '../../rulefile/context.js';
import type { Rule } from '../model.js';
import type { Checked } from './checked.js';
import type { ResolvedPolicy, ResolvedRule } from '../resolve.js';

/** Warns of rules that no packet can match. */
export function checkMatches(
  policies: readonly ResolvedPolicy[],
  context: Context,
  { clean }: Checked,
): void {
  for (const { rules } of policies) {
    const before = context.reports;
    const { from = 0, rest = 0 } = clean.find(rules) ?? {};
    for (let i = from; i < rules.length - rest; i++) checkRule(rules[i] as ResolvedRule, context);
    if (context.reports === before) clean.keep(rules, true);
  }
}

function checkRule({ config, rule }: ResolvedRule, context: Context): void {
  for (const key of ['source', 'destination'] as const) {
    const set = rule[key];
    if (set === null || !isEmpty(set)) continue;
    const message = `the ${key} of rule '${rule.name}' holds no address, so it never matches`;
    context.report('set-empty', context.at(config, key), message);
    return;
  }
  if (rule.service?.services.length === 0) {
    const message = `rule '${rule.name}' has no service, so it never matches`;
    context.report('set-empty', context.at(config, 'service'), message);
    return;
  }
  const addresses = familiesOf(rule);
  if (addresses === 0) {
    const message = `rule '${rule.name}' never matches: source and destination share no address family`;
    context.report('rule-never-matches', context.at(config, 'destination'), message);
  } else if ((addresses & servicesOf(rule)) === 0) {
    const family = addresses === V4 ? 4 : 6;
    const other = family === 4 ? 'icmpv6' : 'icmp';
    const message = `rule '${rule.name}' never matches: ${other} does not occur in IPv${family}`;
    context.report('rule-never-matches', context.at(config, 'service'), message, {
      hint: family === 4 ? 'the protocol of IPv4 is icmp' : 'the protocol of IPv6 is icmpv6',
    });
  }
}

const V4 = 1;
const V6 = 2;

/** Families that both address sets have, as bits. */
function familiesOf({ source, destination }: Rule): number {
  let families = V4 | V6;
  for (const set of [source, destination]) {
    if (set !== null && set.v4.length === 0) families &= ~V4;
    if (set !== null && set.v6.length === 0) families &= ~V6;
  }
  return families;
}

/** Families that the services occur in, as bits. */
function servicesOf({ service }: Rule): number {
  if (service === null) return V4 | V6;
  let families = 0;
  for (const { protocol } of service.services) {
    if (protocol !== PROTOCOLS.icmpv6) families |= V4;
    if (protocol !== PROTOCOLS.icmp) families |= V6;
  }
  return families;
}
