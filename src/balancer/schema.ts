// SPDX-License-Identifier: BSD-3-Clause
import { synCookiesSchema } from '../rulefile/values.js';
import { z } from 'zod';
import {
  descriptionSchema,
  nameSchema,
  oneOrMany,
  referenceSchema,
  withWords,
  type Loaded,
} from '../rulefile/schema.js';

const address = withWords(z.string(), { what: 'an address' });
const service = oneOrMany(
  withWords(z.string(), { what: 'a service or the name of a group', refers: ['service-groups'] }),
);

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

const TIME = /^[0-9]{1,6}(ms|s|m)?$/;

function time(describe: string, fallback: string) {
  return withWords(z.string().regex(TIME), { what: 'a time like 500ms, 5s or 1m' })
    .default(fallback)
    .describe(describe);
}

const path = withWords(z.string().regex(/^\/[!-~]{0,1023}$/), {
  what: 'a path that begins with /',
});

const check = withWords(
  z.strictObject({
    tcp: z.boolean().optional().describe('`true`: a connection is accepted.'),
    tls: z.boolean().optional().describe('`true`: a TLS handshake comes to its end.'),
    http: path.optional().describe('Path that is asked for; see `status` and `expect`.'),
    https: path.optional().describe('The same over TLS.'),
    icmp: z.boolean().optional().describe('`true`: an echo request is answered.'),
    udp: withWords(z.string().min(1).max(1024), { what: 'a text to send' })
      .optional()
      .describe(
        'Text of a datagram; an ICMP error is a failure, and so is an answer without `expect`.',
      ),
    expect: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('Text that the first 64 KiB of a page, or the answer over UDP, has to hold.'),
    status: oneOrMany(withWords(z.string(), { what: 'a status code or a range of them' }))
      .optional()
      .describe('HTTP status codes that are good; 200-399 unless given.'),
    host: z.string().min(1).max(253).optional().describe('Host of HTTP, server name of TLS.'),
    verify: z.boolean().default(false).describe('`true`: the certificate has to be one we trust.'),
    port: withWords(z.int().min(1).max(65535), { what: 'a port' })
      .optional()
      .describe("Port that is asked; the backend's, or that of the service, unless given."),
    interval: time('Time from check to check, 100ms to 1h, give or take a tenth.', '2s'),
    timeout: time('Time an answer may take, at most the interval.', '1s'),
    rise: withWords(z.int().min(1).max(100), { what: 'a number from 1 to 100' })
      .default(2)
      .describe('Good checks in a row that bring a backend back.'),
    fall: withWords(z.int().min(1).max(100), { what: 'a number from 1 to 100' })
      .default(3)
      .describe('Bad checks in a row that take it out.'),
    breaker: z
      .boolean()
      .optional()
      .describe(
        'When most backends fail at once they all stay in: rather the checks are wrong than all of them. `true` unless there is a `sorry` backend.',
      ),
  }),
  { what: 'a health check' },
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
    from: oneOrMany(referenceSchema('a zone name', 'zones'))
      .default('any')
      .describe('Zones the packet comes from; any unless given.'),
    service: service
      .optional()
      .describe('Services with destination ports; every packet to the addresses unless given.'),
    mode: withWords(z.enum(['nat', 'full-nat', 'direct', 'ipip', 'gue']), { what: 'a mode' })
      .default('nat')
      .describe(
        '`nat`: the destination becomes the backend; `full-nat`: and the source the address of the egress interface; `direct`: the packet goes as it is to the MAC address of the backend, which has the public address too and answers past the appliance; `ipip` and `gue`: the same in a packet of IP in IP or Generic UDP Encapsulation, to a backend that may be behind routers.',
      ),
    'gue-port': withWords(z.int().min(1).max(65535), { what: 'a port' })
      .default(6080)
      .describe('UDP port that backends take GUE on.'),
    midstream: withWords(z.enum(['allow', 'deny']), { what: 'allow or deny' })
      .default('deny')
      .describe(
        '`allow` picks up TCP connections in their middle, of the modes whose answers go past the appliance: one that takes over from another goes on with its connections.',
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
    check: check.optional().describe('How backends are asked whether they serve; one kind.'),
    'on-failure': withWords(z.enum(['keep', 'end', 'reset']), { what: 'what becomes of sessions' })
      .default('keep')
      .describe(
        'Sessions of a backend that is down: `keep` leaves them, `end` ends them, so that what comes next goes to another, UDP at once; `reset` also answers TCP that has no session any more by a reset, so that clients connect anew, and new connections while no backend serves.',
      ),
    'syn-cookies': synCookiesSchema('for this balancer')
      .optional()
      .describe('Thresholds of its own, before those of the zone that packets come from.'),
    proxy: withWords(z.literal('v2'), { what: 'v2' })
      .optional()
      .describe(
        '`v2`: servers get the addresses of the client and of the service by the PROXY protocol, version 2, ahead of its first byte (TCP).',
      ),
    'slow-start': time('A backend that came back gets its share bit by bit over this time.', '0s'),
    sorry: referenceSchema('a backend name', 'backends')
      .optional()
      .describe('The backend that serves only when no other does.'),
    backends: z.record(nameSchema('a backend name'), backend).describe('Who serves it, by name.'),
    hairpin: z
      .boolean()
      .default(true)
      .describe('Clients beside a backend reach it by the public address too.'),
    description: descriptionSchema().optional(),
  }),
  {
    what: 'a balancer',
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
