// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { descriptionSchema, withWords, type Loaded } from '../rulefile/schema.js';
import { archiveSchema } from './archive-schema.js';
import { apiSchema, metricsSchema } from './listener-schema.js';
import { PUBLIC_KEY, ROLES, TRANSPORTS } from './model.js';

// RFC 1123 section 2.1: labels of letters, digits and hyphens.
const HOST =
  /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

const keys = z.array(
  withWords(z.string().regex(/./).max(8192), {
    what: 'a public key or the path of a file of them',
    file: true,
    // A key has blanks where no path of ours has any.
    inline: PUBLIC_KEY.source,
  }),
);

const user = withWords(
  z.strictObject({
    role: withWords(z.enum(ROLES), { what: '`viewer`, `operator` or `admin`' })
      .default('viewer')
      .describe(
        'What the user may do: look (`viewer`), change the configuration (`operator`), everything (`admin`).',
      ),
    'ssh-keys': keys
      .optional()
      .describe('Public keys, or files of them; without one the user cannot log in.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a user' },
);

/** An address or a host name: what is wrong with an address, a check says. */
const host = withWords(
  z
    .string()
    .regex(/^[A-Za-z0-9.:-]+$/)
    .max(253),
  {
    what: 'a host name or an address',
  },
);

const syslog = withWords(
  z.strictObject({
    to: host.describe('Host name or address of the server.'),
    port: withWords(z.int().min(1).max(65_535), { what: 'a port' })
      .optional()
      .describe('514 for `udp` and `tcp`, 6514 for `tls` unless given.'),
    transport: withWords(z.enum(TRANSPORTS), { what: '`udp`, `tcp` or `tls`' })
      .default('udp')
      .describe(
        '`udp` (RFC 5426), `tcp` (RFC 6587) or `tls` (RFC 5425), whose certificate must be good.',
      ),
  }),
  { what: 'a syslog server' },
);

const ipfix = withWords(
  z.strictObject({
    to: host.describe('Host name or address of the collector.'),
    port: withWords(z.int().min(1).max(65_535), { what: 'a port' })
      .default(4739)
      .describe('Its port.'),
    transport: withWords(z.enum(['udp', 'tcp']), { what: 'udp or tcp' })
      .default('udp')
      .describe('What carries the messages.'),
    domain: withWords(z.int().min(0).max(0xffff_ffff), { what: 'a number up to 4294967295' })
      .default(1)
      .describe('Observation domain, which tells appliances apart.'),
  }),
  { what: 'an IPFIX collector' },
);

export const systemSchema = withWords(
  z.strictObject({
    hostname: withWords(z.string().regex(HOST).max(253), { what: 'a host name' })
      .optional()
      .describe('Host name of the appliance.'),
    timezone: withWords(z.string().max(64), { what: 'a timezone' })
      .optional()
      .describe(
        'Timezone of the appliance, and of schedules that name none: `Europe/Berlin`; UTC unless given.',
      ),
    users: z
      .record(
        // What useradd takes, and never one of the system's own.
        withWords(z.string().regex(/^[a-z][a-z0-9_-]{0,30}$/), {
          what: 'a user name',
          code: 'name-invalid',
        }),
        user,
      )
      .optional()
      .describe('Who may log in by SSH, beside `admin`.'),
    'ssh-keys': keys.optional().describe('Public keys of `admin`, or files of them.'),
    dns: z
      .array(withWords(z.string(), { what: 'an address' }))
      .optional()
      .describe('Name servers; those of the management network unless given.'),
    ntp: z
      .array(host)
      .optional()
      .describe('Time servers; those of the management network, else Debian’s, unless given.'),
    syslog: z.array(syslog).optional().describe('Servers that get the log too.'),
    ipfix: z
      .array(ipfix)
      .optional()
      .describe(
        'Collectors that are told of sessions of rules with `log`, and of their NAT, by IPFIX (RFC 7011, RFC 8158).',
      ),
    archive: z
      .array(archiveSchema)
      .optional()
      .describe('Where each commit is kept too: who, when and why, with its texts.'),
    api: apiSchema.optional(),
    metrics: metricsSchema.optional(),
  }),
  { what: 'system' },
).describe('The appliance itself.');

export type SystemConfig = Loaded<z.infer<typeof systemSchema>>;
