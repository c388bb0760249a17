// SPDX-License-Identifier: BSD-3-Clause
import type { SynCookies } from '../rulefile/values.js';
import type { Port } from '../interfaces/model.js';
import type { Address } from '../net/sets.js';
import { CONSTANTS, SECTIONS } from '../tables/layout.js';
import { SectionWriter, type StringsWriter } from '../tables/section.js';
import type { Model } from './model.js';
import { slotOf, type Slots } from './slots.js';

const { ZONE_NONE, IFACE_NONE, IFACE_VLAN, IFACE_MANAGEMENT, ROUTE_VIA } = CONSTANTS;
const { IFACE_TUNNEL, IFACE_POLICY } = CONSTANTS;

const PORT_KINDS = {
  pci: CONSTANTS.PORT_PCI,
  mac: CONSTANTS.PORT_MAC,
  vdev: CONSTANTS.PORT_VDEV,
} as const;

const REVERSE_PATH = {
  off: CONSTANTS.RPF_OFF,
  loose: CONSTANTS.RPF_LOOSE,
  strict: CONSTANTS.RPF_STRICT,
} as const;

/** 16 bytes in network order; an IPv4 address lies in the first four. */
export function addressBytes({ family, value }: Address): Uint8Array {
  const bytes = new Uint8Array(16);
  let rest = value;
  for (let i = family === 4 ? 3 : 15; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Thresholds as zones and balancers have them; 0 is never. */
export function synFields(cookies: SynCookies | null) {
  return { syn_above: cookies?.above ?? 0, syn_below: cookies?.below ?? 0 };
}

/** Zones, interfaces with their addresses, and routes. */
export function writeNetwork(model: Model, slots: Slots, strings: StringsWriter) {
  const zones = new SectionWriter(SECTIONS.zones);
  const interfaces = new SectionWriter(SECTIONS.interfaces);
  const addresses = new SectionWriter(SECTIONS.addresses);
  const routes = new SectionWriter(SECTIONS.routes);

  const zoneSlot = (name: string) => slotOf(slots.zones, name);
  const ifaceSlot = (name: string) => slotOf(slots.interfaces, name);

  for (const zone of model.zones.toSorted((a, b) => zoneSlot(a.name) - zoneSlot(b.name)))
    zones.add({
      name: strings.add(zone.name),
      slot: zoneSlot(zone.name),
      flags: zone.logDenied ? CONSTANTS.ZONE_LOG_DENIED : 0,
      flood_syn: zone.flood.syn,
      flood_udp: zone.flood.udp,
      flood_icmp: zone.flood.icmp,
      flood_other: zone.flood.other,
      flood_source: zone.flood.perSource,
      ...synFields(zone.synCookies),
    });

  for (const iface of model.interfaces.toSorted((a, b) => ifaceSlot(a.name) - ifaceSlot(b.name))) {
    const first = addresses.count;
    for (const { address, length } of iface.addresses)
      addresses.add({
        address: addressBytes(address),
        family: address.family,
        length,
        reserved: 0,
      });
    interfaces.add({
      name: strings.add(iface.name),
      port: strings.add(iface.port === null ? '' : portText(iface.port)),
      first_address: first,
      addresses: iface.addresses.length,
      slot: ifaceSlot(iface.name),
      zone: iface.zone === null ? ZONE_NONE : zoneSlot(iface.zone),
      parent: iface.parent === null ? IFACE_NONE : ifaceSlot(iface.parent),
      vlan: iface.parent === null ? 0 : iface.vlan,
      mtu: iface.mtu,
      flags:
        (iface.parent === null ? 0 : IFACE_VLAN) |
        (iface.management ? IFACE_MANAGEMENT : 0) |
        (iface.tunnel === null ? 0 : IFACE_TUNNEL) |
        (iface.policyBased ? IFACE_POLICY : 0),
      port_kind: iface.port === null ? CONSTANTS.PORT_NONE : PORT_KINDS[iface.port.kind],
      mss: iface.mss === 'clamp' ? CONSTANTS.MSS_CLAMP : (iface.mss ?? CONSTANTS.MSS_NONE),
      reverse_path: REVERSE_PATH[iface.reversePath],
      reserved: 0,
    });
  }

  for (const route of model.routes)
    routes.add({
      address: addressBytes(route.to.address),
      via: route.via === null ? new Uint8Array(16) : addressBytes(route.via),
      iface: ifaceSlot(route.interface),
      family: route.to.address.family,
      length: route.to.length,
      flags: route.via === null ? 0 : ROUTE_VIA,
      distance: route.distance,
      reserved: 0,
    });
  return { zones, interfaces, addresses, routes };
}

function portText(port: Port): string {
  switch (port.kind) {
    case 'pci':
      return port.pci;
    case 'mac':
      return port.mac;
    case 'vdev':
      return port.vdev;
  }
}
