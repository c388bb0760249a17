// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import {
  descriptionSchema,
  nameSchema,
  oneOrMany,
  withWords,
  type Loaded,
} from '../rulefile/schema.js';

const address = withWords(z.string(), { what: 'an address' });
const service = oneOrMany(withWords(z.string(), { what: 'a service or the name of a group' }));

const backend = withWords(
  z.strictObject({
    address: address.describe('Its real address.'),
    port: withWords(z.int().min(1).max(65535), { what: 'a port' })
      .optional()
      .describe('Its real port; the one that was asked for unless given.'),
    weight: withWords(z.int().min(1).max(1000), { what: 'a weight from 1 to 1000' })
      .default(1)
      .describe('Its share of new sessions, beside those of the others.'),
    enabled: z.boolean().default(true).describe('`false` leaves the backend out.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a backend' },
);

const persistence = withWords(
  z.strictObject({
    v4: withWords(z.int().min(1).max(32), { what: 'a prefix length from 1 to 32' })
      .default(32)
      .describe('Clients of one IPv4 prefix of this length go to one backend.'),
    v6: withWords(z.int().min(1).max(128), { what: 'a prefix length from 1 to 128' })
      .default(64)
      .describe('The same of IPv6.'),
  }),
  { what: 'the length of prefixes' },
);

const balancer = withWords(
  z.strictObject({
    at: oneOrMany(address).describe('Public addresses, of one family with the backends.'),
    from: oneOrMany(nameSchema('a zone name'))
      .default('any')
      .describe('Zones the packet comes from; any unless given.'),
    service: service
      .optional()
      .describe('Services with destination ports; every packet to the addresses unless given.'),
    mode: withWords(z.enum(['nat', 'full-nat']), { what: 'a mode' })
      .default('nat')
      .describe(
        '`nat`: the destination becomes the backend; `full-nat`: and the source the address of the egress interface.',
      ),
    scheduler: withWords(z.enum(['maglev', 'round-robin', 'least-connections']), {
      what: 'a scheduler',
    })
      .default('maglev')
      .describe(
        '`maglev`: by a hash of the flow, the same on every appliance; `round-robin`: in turn; `least-connections`: to who has fewest for its weight, of some drawn by chance.',
      ),
    persistence: persistence
      .optional()
      .describe('Maglev: clients of one prefix go to one backend, whatever their ports.'),
    'table-size': withWords(z.int().min(251).max(655373), { what: 'a number from 251 to 655373' })
      .default(65537)
      .describe('Entries of the Maglev table, a prime; a hundred for each backend and more.'),
    backends: z.record(nameSchema('a backend name'), backend).describe('Who serves it, by name.'),
    hairpin: z
      .boolean()
      .default(true)
      .describe('Clients beside a backend reach it by the public address too.'),
    description: descriptionSchema().optional(),
  }),
  {
    what: 'a balancer',
    planned: {
      check: 'health checks',
      sorry: 'health checks',
      'slow-start': 'health checks',
      'syn-cookies': 'the SYN proxy',
      proxy: 'the PROXY protocol',
    },
  },
);

export const balancersSchema = z
  .record(nameSchema('a balancer name'), balancer)
  .describe('Virtual services by name: what comes to a public address goes to one of many.');

export type BalancersConfig = Loaded<z.infer<typeof balancersSchema>>;
export type BalancerConfig = Loaded<z.infer<typeof balancer>>;

/** The part of a rule file that is about balancers. */
export interface BalancerPart {
  readonly balancers?: BalancersConfig | undefined;
}
