// SPDX-License-Identifier: BSD-3-Clause
import type { Context } from '../rulefile/context.js';
import type { Frr } from './model.js';
import type { RoutingConfig } from './schema.js';

/**
 * Lines that a daemon of FRR is for; `null`: that of a daemon which is not run, as what it does is not
 * the fast path's. All else is zebra's, or stands below such a line.
 */
const NEEDS: readonly (readonly [line: RegExp, daemon: string | null, other?: string])[] = [
  [/^router bgp\b/, 'bgpd'],
  [/^router ospf\b/, 'ospfd'],
  [/^router ospf6\b/, 'ospf6d'],
  [/^router rip\b/, 'ripd'],
  [/^router ripng\b/, 'ripngd'],
  [/^router isis\b/, 'isisd'],
  [/^router eigrp\b/, 'eigrpd'],
  [/^router babel\b/, 'babeld'],
  [/^router openfabric\b/, 'fabricd'],
  [/^(bfd\b|\s+neighbor \S+ bfd\b|\s+(ip|ipv6) ospf6? bfd\b)/, 'bfdd'],
  [/^(ip|ipv6) route\s/, 'staticd'],
  [/^\s*ip(v6)? (pim|igmp|mld|mroute)\b|^router pim/, null, 'pimd'],
  [/^mpls ldp\b/, null, 'ldpd'],
  [/^pbr-map\b|^\s+pbr-policy\b/, null, 'pbrd'],
  [/^\s*vrrp\b/, null, 'vrrpd'],
  [/^\s*ip nhrp\b/, null, 'nhrpd'],
  [/^(segment-routing|pce)\b/, null, 'pathd'],
  [/^\s*rpki\b/, null, 'the rpki module of bgpd'],
];

/** Who a line is for, `null` for nobody of ours; `undefined` where the line itself does not say. */
export function daemonOf(line: string): { run: string } | { missing: string } | undefined {
  for (const [pattern, run, other] of NEEDS)
    if (pattern.test(line)) return run === null ? { missing: other ?? '' } : { run };
  return undefined;
}

/** null without a file, or where it could not be read, which is reported already. */
export function resolveFrr({ routing }: RoutingConfig, context: Context): Frr | null {
  const file = routing?.frr;
  const source = file === undefined ? undefined : context.text(file);
  if (file === undefined || source === undefined) return null;
  const daemons = new Set<string>();
  for (const line of source.text.split(/\r?\n/)) {
    const found = daemonOf(line);
    if (found !== undefined && 'run' in found) daemons.add(found.run);
  }
  return { file, text: source.text, daemons: [...daemons] };
}
