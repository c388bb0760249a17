// SPDX-License-Identifier: BSD-3-Clause
import type { OfflineResult } from '../datapath/offline.js';
import type { Step } from '../diagnostics/diagnostic.js';
import { formatAddress } from '../net/address.js';
import { readAddress } from '../tables/address.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import type { Nat, Translated } from './translation.js';
import { nextHop, type Names } from './verdicts.js';

/** A step on the way of a packet. */
export interface Phase extends Step {
  readonly name:
    'parse' | 'session' | 'route' | 'policy' | 'nat' | 'balancer' | 'tunnel' | 'forward';
}

/** Which step drops for a reason, by the reason's name; all others belong to forwarding. */
const STEPS: readonly (readonly [RegExp, Phase['name']])[] = [
  [/^(eth|arp|iface|ip4|ip6|fragment|l4|udp)(-|$)/, 'parse'],
  [
    /^(tcp-bad-(offset|flags)|sctp-invalid|nd-invalid|icmp-(bad-checksum|unknown-type|error-(invalid|mtu)))$/,
    'parse',
  ],
  [/^nat-/, 'nat'],
  [/^helper-/, 'session'],
  [/^(esp-|tunnel-(down|in-clear)$)/, 'tunnel'],
  [/^balancer-/, 'balancer'],
  [/^(tcp|icmp|session)-/, 'session'],
  [/^reverse-path$/, 'route'],
  [/^(policy-|rule-|zone-flood|source-flood|limit-table|no-tables$)/, 'policy'],
];

const SESSIONS = ['none', 'hit', 'new', 'expected'] as const;
const ROUTES = ['not asked', 'local', 'found', 'missing'] as const;

/** The steps that were asked about a packet, in order; the one that dropped it says so. */
export function phases(
  result: OfflineResult,
  reason: string | null,
  names: Names,
  nat: Nat = {},
  sa: string | null = null,
): Phase[] {
  const dropped = reason === null ? null : stepOf(reason);
  const { family, protocol, fate, session, route, rule } = result;
  const steps: Phase[] = [];
  const add = (name: Phase['name'], outcome: string, detail: string): void => {
    if (name === dropped)
      steps.push({
        name,
        result: 'drop',
        detail: [reason ?? '', detail].filter(Boolean).join('; '),
      });
    else steps.push({ name, result: outcome, detail });
  };
  add('parse', 'pass', family === 0 ? '' : `IPv${family}, protocol ${protocol}`);
  if (session !== M.SESSION_NONE || dropped === 'session')
    add('session', SESSIONS[session] ?? 'none', '');
  const backend = names.backend(result.backend);
  const oneWay = names.oneWay(result.backend);
  if (backend !== null && oneWay !== null)
    add('balancer', backend, `${oneWay} ${formatAddress(readAddress(result.destination, family))}`);
  else if (nat.destination !== undefined)
    add(backend === null ? 'nat' : 'balancer', backend ?? 'destination', change(nat.destination));
  if (dropped === 'balancer') add('balancer', 'drop', '');
  if (route !== M.ROUTE_NOT_ASKED || dropped === 'route')
    add('route', ROUTES[route] ?? 'not asked', way(result, names));
  if (rule !== M.RULE_NOT_ASKED || dropped === 'policy') {
    const verdict = ['allow', 'deny', 'reject'][result.verdict] ?? 'deny';
    const pair = `${names.zone(result.from)} -> ${names.zone(result.to)}`;
    const who = rule === M.RULE_NOT_ASKED ? '' : `, ${names.decider(rule)}`;
    add('policy', verdict, pair + who);
  }
  if (nat.source !== undefined || dropped === 'nat') add('nat', 'source', change(nat.source));
  const tunnel = names.tunnel(result);
  if (tunnel !== null) add('tunnel', tunnel, sa ?? 'sealed by an SA of it');
  else if (dropped === 'tunnel') add('tunnel', 'drop', '');
  if (fate === M.FATE_LOCAL) add('forward', 'local', 'to the appliance');
  else if (fate === M.FATE_FORWARDED)
    add('forward', 'pass', `out ${names.iface(result.out) ?? '?'}`);
  else if (dropped === 'forward') add('forward', 'drop', '');
  return steps;
}

function change(translated: Translated | undefined): string {
  if (translated === undefined) return '';
  const { from, to, rule } = translated;
  const by = rule === null ? '' : `, ${rule.name} (${rule.file}:${rule.line})`;
  return `${from} -> ${to}${by}`;
}

function stepOf(reason: string): Phase['name'] {
  return STEPS.find(([form]) => form.test(reason))?.[1] ?? 'forward';
}

function way(result: OfflineResult, names: Names): string {
  if (result.route !== M.ROUTE_FOUND) return '';
  const out = `out ${names.iface(result.out) ?? '?'}`;
  const via = nextHop(result);
  if (via !== null) return `via ${via}, ${out}`;
  // The next hop is only looked for when a packet is to go there.
  return result.fate === M.FATE_DROPPED ? out : `on link, ${out}`;
}
