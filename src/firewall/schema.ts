// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { extraKeys } from './extra-schema.js';
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
const someMembers = z.union([member, z.array(member)]);
const listFile = withWords(z.string().regex(/./), { what: 'the path of a file', file: true });
const included = withWords(
  z.strictObject({
    include: someMembers.optional().describe('What the set starts with.'),
    'from-file': oneOrMany(listFile)
      .optional()
      .describe(
        'Files with more of it: an address, prefix or range a line, `#` and `;` comments. The appliance follows their changes without a commit.',
      ),
    except: someMembers.optional().describe('What is taken away from it.'),
    forward: referenceSchema('a forward name', 'forwards')
      .optional()
      .describe(
        'Alone, as the destination of a rule: the server of this forward, for what came by it.',
      ),
    balancer: referenceSchema('a balancer name', 'balancers')
      .optional()
      .describe(
        'Alone, as the destination of a rule: the backends of this balancer, for what came by it.',
      ),
  }),
  {
    what: 'a set of addresses',
  },
);
const addresses = z.union([member, z.array(member), included]);

const service = withWords(z.string(), {
  what: 'a service or the name of a service group',
  refers: ['service-groups'],
});
const services = z.union([service, z.array(service)]);

const portRange = withWords(z.string(), { what: 'a port or a range of ports' });
const port = withWords(z.int().min(0).max(65535), { what: 'a port' });
const sourcePort = z.union([portRange, port, z.array(z.union([portRange, port])).min(1)]);

const rule = withWords(
  z.strictObject({
    name: nameSchema('a rule name').describe(
      'Name of the rule, unique in its policy; counters and logs keep to it.',
    ),
    source: addresses
      .optional()
      .describe(
        'Source addresses: an address, prefix, range, group, a list of these, or include/from-file/except.',
      ),
    destination: addresses
      .optional()
      .describe('Destination addresses, in the same forms; after any translation.'),
    service: services
      .optional()
      .describe(
        'Services: `tcp/443`, `udp/53`, `icmp/echo-request`, `proto/47`, a group, or a list.',
      ),
    'source-port': sourcePort
      .optional()
      .describe('Source ports or ranges for the TCP, UDP and SCTP services of the rule.'),
    action: z
      .enum(['allow', 'deny', 'reject'])
      .describe(
        'What happens to the first packet of a session: `allow`, `deny`, or `reject` with an answer.',
      ),
    ...extraKeys,
    enabled: z.boolean().default(true).describe('`false` leaves the rule out.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a rule' },
);

const zoneReference = referenceSchema('a zone name', 'zones');

const policy = withWords(
  z.strictObject({
    name: nameSchema('a policy name').describe('Name of the policy, unique.'),
    from: oneOrMany(zoneReference).describe(
      'Zones the packet comes from; `any` is all but `local`.',
    ),
    to: oneOrMany(zoneReference).describe(
      'Zones the packet leaves to; `local` is the appliance itself, `any` never includes it.',
    ),
    rules: z.array(rule).describe('Rules in order; the first that matches decides.'),
    midstream: withWords(z.enum(['allow', 'deny']), { what: 'allow or deny' })
      .default('deny')
      .describe('`allow` lets TCP open sessions without a SYN, where a rule does not say.'),
    'keep-established': z
      .boolean()
      .default(false)
      .describe('Sessions that its rules opened go on, whatever the policy says later.'),
    enabled: z.boolean().default(true).describe('`false` leaves all rules of the policy out.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a policy' },
);

export const groupsSchema = withWords(
  z.strictObject({
    addresses: z
      .record(nameSchema('a group name'), addresses)
      .optional()
      .describe(
        'Address groups by name: members are addresses, prefixes, ranges and other groups. `bogons` is built in.',
      ),
    services: z
      .record(nameSchema('a group name'), services)
      .optional()
      .describe('Service groups by name: members are services and other groups.'),
  }),
  { what: 'groups' },
).describe('Sets of addresses and of services with names.');

export const policiesSchema = z
  .array(policy)
  .describe('Policies in order: the first rule that matches in any that fits the zones decides.');

export type AddressesConfig = Loaded<z.infer<typeof addresses>>;
export type ServicesConfig = Loaded<z.infer<typeof services>>;
export type GroupsConfig = Loaded<z.infer<typeof groupsSchema>>;
export type RuleConfig = Loaded<z.infer<typeof rule>>;
export type PolicyConfig = Loaded<z.infer<typeof policy>>;

/** The part of a rule file that is about groups and policies. */
export interface FirewallConfig {
  readonly groups?: GroupsConfig | undefined;
  readonly policies?: readonly PolicyConfig[] | undefined;
}
