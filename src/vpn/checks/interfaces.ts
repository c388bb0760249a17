// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../../diagnostics/suggest.js';
import type { Context } from '../../rulefile/context.js';
import type { TunnelConfig, VpnPart } from '../schema.js';

interface End {
  readonly tunnel?: string | undefined;
  readonly port?: object | undefined;
  readonly parent?: string | undefined;
  readonly vlan?: number | undefined;
  readonly management: boolean;
}

interface InterfacesPart {
  readonly interfaces?: ReadonlyMap<string, End> | undefined;
  readonly zones?: ReadonlyMap<string, unknown> | undefined;
}

/** A tunnel has one interface that routes lead to, or a zone and selectors of its own. */
export function checkInterfaces(config: InterfacesPart & VpnPart, context: Context): void {
  const tunnels = config.vpn?.tunnels ?? new Map<string, TunnelConfig>();
  const interfaces = config.interfaces ?? new Map<string, End>();
  const ends = new Map<string, string>();
  for (const [name, one] of interfaces) {
    if (one.tunnel === undefined) continue;
    const { tunnel } = one;
    const span = context.at(one, 'tunnel');
    if (!tunnels.has(tunnel)) {
      if (config.vpn?.tunnels !== undefined && context.wrote(tunnels, tunnel)) continue;
      context.report('unknown-tunnel', span, `there is no tunnel '${tunnel}'`, {
        hint: () => didYouMean(tunnel, tunnels.keys()),
      });
      continue;
    }
    if ((one.port ?? one.parent ?? one.vlan) !== undefined || one.management)
      context.report('vpn-form', span, 'the end of a tunnel has no port, VLAN or management');
    const first = ends.get(tunnel);
    if (first !== undefined)
      context.report('vpn-form', span, `'${first}' is the end of tunnel '${tunnel}' already`);
    ends.set(tunnel, name);
  }
  for (const [name, tunnel] of tunnels) {
    const end = ends.get(name);
    if (end !== undefined) checkRouteBased(tunnel, end, context);
    else checkPolicyBased(name, tunnel, config, context);
  }
}

function checkRouteBased(tunnel: TunnelConfig, end: string, context: Context): void {
  for (const key of ['zone', 'mtu'] as const)
    if (tunnel[key] !== undefined)
      context.report(
        'vpn-form',
        context.at(tunnel, key),
        `'${key}' is that of the interface '${end}'`,
      );
}

function checkPolicyBased(
  name: string,
  tunnel: TunnelConfig,
  { interfaces, zones, vpn }: InterfacesPart & VpnPart,
  context: Context,
): void {
  const span = context.atKey(vpn?.tunnels as object, name);
  const { zone } = tunnel;
  if (zone === undefined) {
    if (context.wrote(tunnel, 'zone')) return;
    context.report('vpn-form', span, `nothing leads to the tunnel '${name}'`, {
      hint: `write interfaces: {${name}: {tunnel: ${name}, zone: …}}, or its zone, local and remote`,
    });
    return;
  }
  if (zone === 'any' || zone === 'local' || zones?.has(zone) !== true)
    context.report('unknown-zone', context.at(tunnel, 'zone'), `there is no zone '${zone}'`, {
      hint: () => didYouMean(zone, zones?.keys() ?? []) ?? `define it: zones: {${zone}: {}}`,
    });
  if (interfaces?.has(name) === true)
    context.report('name-taken', span, `'${name}' is an interface that is none of this tunnel`);
  const needed = tunnel.clients === undefined ? (['local', 'remote'] as const) : [];
  for (const key of needed)
    if (tunnel[key] === undefined && !context.wrote(tunnel, key))
      context.report('vpn-form', span, `a policy-based tunnel needs '${key}'`);
}
