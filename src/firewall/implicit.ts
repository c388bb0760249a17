// SPDX-License-Identifier: BSD-3-Clause
import { PROTOCOLS } from '../net/services.js';
import { V6_WORDS, type AddressSet } from '../net/sets.js';
import { CONSTANTS as C } from '../tables/layout.js';
import { BUILT_IN_RULES } from './built-in.js';
import type { Policy, Rule, Service } from './model.js';

const NOWHERE = { file: '', line: 0, column: 0 };
const V4_ALL = { v4: Uint32Array.of(0, 0xffffffff), v6: new BigUint64Array(0) };
const V6_ALL = {
  v4: new Uint32Array(0),
  v6: BigUint64Array.from({ length: V6_WORDS }, (_, i) => (i < 2 ? 0n : 0xffffffffffffffffn)),
};

const types = (...ranges: (readonly [number, number])[]): Service[] =>
  ranges.map(([low, high]) => ({
    protocol: PROTOCOLS.icmpv6,
    source: [0, 65535],
    destination: [low * 256, high * 256 + 255],
  }));
const udp = (source: number, destination: number): Service[] => [
  { protocol: PROTOCOLS.udp, source: [source, source], destination: [destination, destination] },
];

/**
 * What native/firewall/judge.c decides before it asks any policy, as policies that stand before all
 * of the file: traffic of the appliance itself, and what it must hear.
 */
export const IMPLICIT_POLICIES: readonly Policy[] = [
  policy(['local'], ['any', 'local'], [rule(C.RULE_FROM_LOCAL, {})]),
  policy(
    ['any'],
    ['local'],
    [
      // RFC 4861: 133 to 137.
      rule(C.RULE_IMPLICIT_ND, { source: V6_ALL, service: { services: types([133, 137]) } }),
      // Of the types between neighbours (RFC 2710, 3810, 4286) those that are left.
      rule(C.RULE_IMPLICIT_ICMPV6, {
        source: V6_ALL,
        service: { services: types([130, 132], [143, 143], [151, 153]) },
      }),
      rule(C.RULE_IMPLICIT_DHCP, { source: V4_ALL, service: { services: udp(67, 68) } }),
      rule(C.RULE_IMPLICIT_DHCP, { source: V6_ALL, service: { services: udp(547, 546) } }),
    ],
  ),
];

/** The same with what tunnels need: IKE from their peers, `null` for all of them. */
export function implicitPolicies(tunnels: boolean, peers: AddressSet | null): readonly Policy[] {
  if (!tunnels) return IMPLICIT_POLICIES;
  const services = [500, 4500].map((port): Service => {
    return { protocol: PROTOCOLS.udp, source: [0, 65535], destination: [port, port] };
  });
  const ike = rule(C.RULE_IMPLICIT_IKE, { source: peers, service: { services } });
  return [...IMPLICIT_POLICIES, policy(['any'], ['local'], [ike])];
}

function policy(from: string[], to: string[], rules: Rule[]): Policy {
  const places = { lines: new Uint32Array(rules.length), files: [''] };
  return { name: '', at: NOWHERE, from, to, keepEstablished: false, rules, places };
}

function rule(slot: number, matches: Partial<Rule>): Rule {
  return {
    name: BUILT_IN_RULES.get(slot) ?? '',
    source: null,
    destination: null,
    service: null,
    action: 'allow',
    log: false,
    logEnd: false,
    stateless: false,
    midstream: false,
    extra: null,
    enabled: true,
    description: null,
    ...matches,
  };
}
