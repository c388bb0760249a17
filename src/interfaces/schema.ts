// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import {
  descriptionSchema,
  nameSchema,
  referenceSchema,
  withWords,
  type Loaded,
} from '../rulefile/schema.js';
import { DEVICE, interfaceNameSchema, mssSchema, synCookiesSchema } from '../rulefile/values.js';

/** How strictly sources are checked against the routes. */
export function reversePathSchema() {
  return withWords(z.enum(['strict', 'loose', 'off']), { what: 'a reverse path check' }).optional();
}

const interfaceName = interfaceNameSchema();
const interfaceReference = withWords(z.string().regex(DEVICE), {
  what: 'an interface name',
  code: 'name-invalid',
  refers: ['interfaces'],
});

const port = withWords(
  z.strictObject({
    pci: withWords(z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/), {
      what: 'a PCI address like "0000:00:05.0"',
    })
      .optional()
      .describe('PCI address of the device, in quotes: `"0000:00:05.0"`.'),
    mac: withWords(z.string().regex(/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/), {
      what: 'a MAC address like 52:54:00:00:00:01',
    })
      .optional()
      .describe('MAC address of the device: `52:54:00:00:00:01`.'),
    vdev: withWords(
      z
        .string()
        .regex(/^[a-z][a-z0-9_]*(,[^\s,]+)*$/)
        .max(256),
      {
        what: 'a DPDK virtual device like net_af_packet0,iface=eth0',
      },
    )
      .optional()
      .describe('DPDK virtual device with its arguments: `net_af_packet0,iface=eth0`.'),
  }),
  { what: 'a port' },
);

const delegated = withWords(
  z.strictObject({
    from: interfaceReference.describe('The interface that has `request-prefix`.'),
    subnet: withWords(z.int().min(0).max(0xffffffff), { what: 'the number of a subnet' })
      .default(0)
      .describe('Which /64 of the prefix; 0 unless given.'),
    host: withWords(z.string(), { what: 'an IPv6 address' })
      .default('::1')
      .describe('The last 64 bits of the address; `::1` unless given.'),
  }),
  { what: 'a delegated address' },
);

const one = withWords(
  z.strictObject({
    port: port.optional().describe('The device behind the interface; `sluice apply` needs it.'),
    parent: interfaceReference.optional().describe('Interface that a VLAN child sits on.'),
    vlan: withWords(z.int().min(1).max(4094), { what: 'a VLAN id' })
      .optional()
      .describe('VLAN id of a child, 1 to 4094.'),
    tunnel: withWords(z.string().regex(DEVICE), {
      what: 'a tunnel name',
      code: 'name-invalid',
      refers: ['tunnels'],
    })
      .optional()
      .describe('The tunnel of `vpn.tunnels` that it is the end of; routes lead packets there.'),
    zone: referenceSchema('a zone name', 'zones')
      .optional()
      .describe('The zone of the interface; an interface without one has `management: true`.'),
    addresses: z
      .array(withWords(z.string(), { what: 'an address with prefix length, dhcp, ra or dhcpv6' }))
      .optional()
      .describe(
        'Addresses with their prefix length, IPv4 and IPv6; `dhcp`: what a DHCP server says, `ra`: by router advertisements (SLAAC), `dhcpv6`: what a DHCPv6 server says.',
      ),
    'request-prefix': withWords(z.int().min(32).max(64), { what: 'a prefix length, 32 to 64' })
      .optional()
      .describe(
        'Ask by DHCPv6 for a prefix of this length, for interfaces with `delegated` and for NPTv6.',
      ),
    delegated: delegated
      .optional()
      .describe('An IPv6 address in the prefix that another interface is lent.'),
    mtu: withWords(z.int().min(1280).max(9216), { what: 'an MTU' })
      .optional()
      .describe('IP MTU in bytes, 1280 to 9216; 1500 unless given, 1400 of a tunnel.'),
    'reverse-path': reversePathSchema().describe(
      'Anti-spoofing: sources must be routed back out of this interface (`strict`) or at all (`loose`); `settings.reverse-path` unless given.',
    ),
    mss: mssSchema(),
    management: z
      .boolean()
      .default(false)
      .describe('Leave the port to the kernel, apart from all zones.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'an interface' },
);

const perSecond = (what: string) =>
  withWords(z.string().regex(/^[1-9][0-9]{0,8}\/s$/), { what: 'a rate like 10000/s' })
    .optional()
    .describe(`${what}: \`10000/s\`.`);

const flood = withWords(
  z.strictObject({
    syn: perSecond('TCP'),
    udp: perSecond('UDP'),
    icmp: perSecond('ICMP and ICMPv6'),
    other: perSecond('Other protocols'),
    'per-source': perSecond('Any protocol, from each source address'),
  }),
  { what: 'flood limits' },
);

const zone = withWords(
  z.strictObject({
    'log-denied': z
      .boolean()
      .default(false)
      .describe('Log packets from this zone that no rule matches.'),
    flood: flood
      .optional()
      .describe('Most new sessions a second that packets from this zone may open.'),
    'syn-cookies': synCookiesSchema('from this zone')
      .optional()
      .describe('When SYN cookies answer new connections that the policy allows (RFC 4987).'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a zone' },
);

export const interfacesSchema = z
  .record(interfaceName, one)
  .describe('Interfaces by name. A kernel device of the same name stands for each.');
export const zonesSchema = z
  .record(nameSchema('a zone name'), zone)
  .describe('Zones by name. `any` and `local` are reserved: every zone, and the appliance itself.');

export type InterfaceConfig = Loaded<z.infer<typeof one>>;
export type ZoneConfig = Loaded<z.infer<typeof zone>>;

/** The part of a rule file that is about interfaces and zones. */
export interface InterfacesConfig {
  readonly interfaces?: ReadonlyMap<string, InterfaceConfig> | undefined;
  readonly zones?: ReadonlyMap<string, ZoneConfig> | undefined;
}
