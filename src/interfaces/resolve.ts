// SPDX-License-Identifier: BSD-3-Clause
import { synCookiesOf } from '../rulefile/values.js';
import { parseAddress, parsePrefix } from '../net/address.js';
import type { Prefix } from '../net/sets.js';
import { quote } from '../diagnostics/text.js';
import type { Context } from '../rulefile/context.js';
import {
  TUNNEL_MTU,
  type Delegated,
  type Flood,
  type Interface,
  type Learns,
  type Port,
  type ReversePath,
  type Zone,
} from './model.js';
import type { InterfaceConfig, InterfacesConfig, ZoneConfig } from './schema.js';

const DEFAULT_MTU = 1500;

export interface ResolvedInterface {
  readonly config: InterfaceConfig;
  readonly interface: Interface;
  /** Its addresses with their place in the list as written. */
  readonly addresses: readonly { readonly prefix: Prefix; readonly index: number }[];
}

/** Interfaces as the model has them; addresses that cannot be read are reported and left out. */
export function resolveInterfaces(
  config: InterfacesConfig,
  reversePath: ReversePath,
  context: Context,
): ResolvedInterface[] {
  return [...(config.interfaces ?? [])].map(([name, one]) => {
    const { addresses, learns } = readAddresses(one, context);
    const at = context.atKey(config.interfaces as object, name);
    return {
      config: one,
      addresses,
      interface: {
        name,
        at: context.positionOf(at),
        port: portOf(one),
        parent: one.parent ?? null,
        vlan: one.vlan ?? 0,
        tunnel: one.tunnel ?? null,
        policyBased: false,
        zone: one.zone ?? null,
        management: one.management,
        addresses: addresses.map((address) => address.prefix),
        learns,
        ...(one['request-prefix'] === undefined ? {} : { requestPrefix: one['request-prefix'] }),
        ...delegatedOf(one, context),
        mtu:
          one.mtu ??
          config.interfaces?.get(one.parent ?? '')?.mtu ??
          (one.tunnel === undefined ? DEFAULT_MTU : TUNNEL_MTU),
        reversePath: one['reverse-path'] ?? reversePath,
        mss: one.mss ?? null,
        description: one.description ?? null,
      },
    };
  });
}

export function resolveZones(config: InterfacesConfig, context: Context): Zone[] {
  return [...(config.zones ?? [])].map(([name, zone]) => ({
    name,
    at: context.positionOf(context.atKey(config.zones as object, name)),
    logDenied: zone['log-denied'],
    flood: floodOf(zone.flood),
    synCookies: synCookiesOf(zone['syn-cookies']),
    description: zone.description ?? null,
  }));
}

function floodOf(config: ZoneConfig['flood']): Flood {
  const rate = (text: string | undefined) => (text === undefined ? 0 : parseInt(text, 10));
  return {
    syn: rate(config?.syn),
    udp: rate(config?.udp),
    icmp: rate(config?.icmp),
    other: rate(config?.other),
    perSource: rate(config?.['per-source']),
  };
}

function portOf({ port }: InterfaceConfig): Port | null {
  if (port?.pci !== undefined) return { kind: 'pci', pci: port.pci };
  if (port?.mac !== undefined) return { kind: 'mac', mac: port.mac.toLowerCase() };
  return port?.vdev === undefined ? null : { kind: 'vdev', vdev: port.vdev };
}

function readAddresses(
  one: InterfaceConfig,
  context: Context,
): { addresses: { prefix: Prefix; index: number }[]; learns: Learns[] } {
  const found: { prefix: Prefix; index: number }[] = [];
  const learns = new Set<Learns>();
  for (const [index, text] of (one.addresses ?? []).entries()) {
    const span = () => context.at(one.addresses as object, index);
    if (text === 'dhcp' || text === 'ra' || text === 'dhcpv6') {
      learns.add(text);
      continue;
    }
    const prefix = parsePrefix(text);
    if (typeof prefix !== 'string') found.push({ prefix, index });
    else {
      context.report(
        'address-invalid',
        span(),
        `${quote(text)} is not an interface address: ${prefix}`,
        {
          hint:
            text === 'slaac'
              ? "'ra' takes addresses from router advertisements"
              : 'an interface address has a prefix length, as in 192.0.2.1/24',
        },
      );
    }
  }
  return { addresses: found, learns: [...learns] };
}

/** Part of an interface with its host, where that can be one. */
function delegatedOf(
  { delegated }: InterfaceConfig,
  context: Context,
): { readonly delegated?: Delegated } {
  if (delegated === undefined) return {};
  const { from, subnet } = delegated;
  const host = parseAddress(delegated.host);
  if (typeof host !== 'string' && host.family === 6 && host.value > 0n && host.value >> 64n === 0n)
    return { delegated: { from, subnet, host: host.value } };
  const message = `${quote(delegated.host)} is not the last 64 bits of an IPv6 address`;
  context.report('address-invalid', context.at(delegated, 'host'), message, {
    hint: 'as in ::1',
  });
  return {};
}
