// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import {
  descriptionSchema,
  nameSchema,
  oneOrMany,
  referenceSchema,
  withWords,
  type Loaded,
} from '../rulefile/schema.js';

const member = withWords(z.string(), {
  what: 'an address, a prefix, a range or the name of a group',
  refers: ['address-groups'],
});
const members = oneOrMany(member);
const service = oneOrMany(
  withWords(z.string(), { what: 'a service or the name of a group', refers: ['service-groups'] }),
);
const zones = oneOrMany(referenceSchema('a zone name', 'zones'));
const portRange = z.union([
  withWords(z.string(), { what: 'a port or a range of ports' }),
  withWords(z.int().min(1).max(65535), { what: 'a port' }),
]);

const pool = withWords(
  z.strictObject({
    addresses: members.describe('Addresses, prefixes and ranges of one family.'),
    ports: portRange
      .optional()
      .describe('Ports given out for TCP, UDP and SCTP; 1024-65535 unless given.'),
    'block-size': withWords(z.int().min(8).max(32768), { what: 'a number of ports, 8 to 32768' })
      .optional()
      .describe(
        'CGNAT: ports are lent to clients in blocks of so many, and the loans are logged. Of IPv4 alone.',
      ),
    'blocks-per-client': withWords(z.int().min(1).max(8), { what: 'a number of blocks, 1 to 8' })
      .default(8)
      .describe('Blocks a client (an IPv4 address, with NAT64 an IPv6 /64) may have at once.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a pool' },
);

const sourceRule = withWords(
  z.strictObject({
    name: nameSchema('a rule name').describe('Name of the rule, unique among NAT rules.'),
    from: zones.describe('Zones the packet comes from; `any` is all but `local`.'),
    to: zones.describe('Zones the packet leaves to.'),
    source: members
      .optional()
      .describe(
        'Source addresses before translation. Without them the rule is for IPv4 alone: IPv6 is only translated where it is named.',
      ),
    destination: members.optional().describe('Destination addresses after translation.'),
    service: service.optional().describe('Services, in the forms of rules.'),
    'translate-to': withWords(z.string(), {
      what: 'interface, none, the name of a pool, an address, prefix or range',
      refers: ['pools'],
    }).describe(
      '`interface`: the address of the egress interface, whatever it is; a pool or addresses; `none`: no translation.',
    ),
    ports: withWords(z.enum(['preserve', 'any']), { what: 'a choice of ports' })
      .default('preserve')
      .describe('`preserve` keeps the source port where it is free; `any` takes a random one.'),
    parity: z
      .boolean()
      .default(false)
      .describe('Keep even ports even and odd ones odd (RFC 4787 4.2.2).'),
    enabled: z.boolean().default(true).describe('`false` leaves the rule out.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a source NAT rule' },
);

const staticRule = withWords(
  z.strictObject({
    name: nameSchema('a rule name').describe('Name of the rule, unique among NAT rules.'),
    zone: zones.describe('Zones where the outside address is seen.'),
    inside: withWords(z.string(), { what: 'an address or prefix' }).describe(
      'Real address, or prefix.',
    ),
    outside: withWords(z.string(), { what: 'an address or prefix' }).describe(
      'Its public address, or prefix of the same length.',
    ),
    enabled: z.boolean().default(true).describe('`false` leaves the rule out.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a static NAT rule' },
);

const nptv6 = withWords(
  z.strictObject({
    name: nameSchema('a rule name').describe('Name of the rule, unique among NAT rules.'),
    zone: zones.describe('Zones where the outside prefix is seen.'),
    inside: withWords(z.string(), { what: 'a prefix' }).describe('IPv6 prefix, at most a /64.'),
    outside: withWords(z.string(), {
      what: 'a prefix or the name of an interface',
      refers: ['interfaces'],
    }).describe(
      'IPv6 prefix of the same length that others see, or the interface that is lent one by DHCPv6 (`request-prefix`), which is followed. Another 16 bits of the address change too, so that no checksum does.',
    ),
    enabled: z.boolean().default(true).describe('`false` leaves the rule out.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'an NPTv6 rule' },
);

const nat64 = withWords(
  z.strictObject({
    name: nameSchema('a rule name').describe('Name of the rule, unique among NAT rules.'),
    from: zones.default('any').describe('Zones the packet comes from; any unless given.'),
    prefix: withWords(z.string(), { what: 'a prefix' })
      .default('64:ff9b::/96')
      .describe(
        'IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits with IPv4 addresses behind it (RFC 6052). Behind the well-known one private addresses are not reached.',
      ),
    source: members.optional().describe('Only from these IPv6 addresses.'),
    'translate-to': withWords(z.string(), {
      what: 'interface, the name of a pool, an address, prefix or range',
      refers: ['pools'],
    })
      .default('interface')
      .describe('The IPv4 source: the address of the egress interface, a pool or addresses.'),
    ports: withWords(z.enum(['preserve', 'any']), { what: 'a choice of ports' })
      .default('preserve')
      .describe('`preserve` keeps the source port where it is free; `any` takes a random one.'),
    parity: z
      .boolean()
      .default(false)
      .describe('Keep even ports even and odd ones odd (RFC 4787 4.2.2).'),
    enabled: z.boolean().default(true).describe('`false` leaves the rule out.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a NAT64 rule' },
);

const forward = withWords(
  z.strictObject({
    name: nameSchema('a rule name').describe('Name of the forward, unique among NAT rules.'),
    from: zones.default('any').describe('Zones the packet comes from; any unless given.'),
    at: withWords(z.string(), {
      what: 'an address or the name of an interface',
      refers: ['interfaces'],
    }).describe('Public address, or the interface whose addresses are meant.'),
    service: service
      .optional()
      .describe('Services with destination ports; every packet to the address unless given.'),
    source: members.optional().describe('Only from these addresses.'),
    'translate-to': withWords(z.string(), { what: 'an address' }).describe(
      'Real address of the server.',
    ),
    port: portRange
      .optional()
      .describe('Real port; a range as long as that of the service is taken one by one.'),
    hairpin: z
      .boolean()
      .default(true)
      .describe('Clients beside the server reach it by its public address too.'),
    enabled: z.boolean().default(true).describe('`false` leaves the forward out.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a forward' },
);

export const natSchema = withWords(
  z.strictObject({
    pools: z
      .record(nameSchema('a pool name'), pool)
      .optional()
      .describe('Public addresses by name, for `translate-to`.'),
    source: z
      .array(sourceRule)
      .optional()
      .describe('Source NAT in order: the first rule that matches decides. Replies need no rule.'),
    static: z
      .array(staticRule)
      .optional()
      .describe('One to one, in both directions; before the rules of `source`.'),
    nptv6: z
      .array(nptv6)
      .optional()
      .describe('IPv6 prefixes one to one, in both directions (RFC 6296); before `source` too.'),
    nat64: z.array(nat64).optional().describe('IPv4 servers for clients of IPv6 (RFC 6146).'),
    forwards: z
      .array(forward)
      .optional()
      .describe('Destination NAT: what comes to a public address goes to a server.'),
  }),
  {
    what: 'nat',
  },
).describe('Translation of addresses. Rules of policies match real addresses.');

export type NatConfig = Loaded<z.infer<typeof natSchema>>;

/** The part of a rule file that is about NAT. */
export interface NatPart {
  readonly nat?: NatConfig | undefined;
}

export type SourceConfig = NonNullable<NatConfig['source']>[number];
export type StaticConfig = NonNullable<NatConfig['static']>[number];
export type PrefixConfig = NonNullable<NatConfig['nptv6']>[number];
export type Nat64Config = NonNullable<NatConfig['nat64']>[number];
export type ForwardConfig = NonNullable<NatConfig['forwards']>[number];
