// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { oneOrMany, referenceSchema, withWords } from '../rulefile/schema.js';
import { mssSchema, rateSchema } from '../rulefile/values.js';

const mac = withWords(z.string().regex(/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/), {
  what: 'a MAC address like 52:54:00:00:00:01',
});
const interfaceReference = withWords(z.string().max(15), {
  what: 'the name of an interface',
  refers: ['interfaces'],
});

const flag = withWords(z.enum(['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr']), {
  what: 'a TCP flag',
});
const flags = {
  set: oneOrMany(flag).optional().describe('Flags that are set.'),
  clear: oneOrMany(flag).optional().describe('Flags that are not set.'),
};
const tcpFlags = withWords(
  z.strictObject({
    ...flags,
    not: withWords(z.strictObject(flags), { what: 'TCP flags' })
      .optional()
      .describe('Matches where the flags are not so.'),
  }),
  { what: 'TCP flags' },
);

const codePoint = withWords(z.string().max(8), {
  what: 'a DSCP, a name like ef or a number from 0 to 63',
});
const sessions = (meaning: string) =>
  withWords(z.int().min(1).max(33_554_432), { what: 'a number of sessions' })
    .optional()
    .describe(meaning);

const limit = withWords(
  z.strictObject({
    rate: rateSchema('New sessions of the rule'),
    burst: withWords(z.int().min(1).max(1_000_000_000), { what: 'a number' })
      .optional()
      .describe('How many may come at once; what one second brings unless given.'),
    sessions: sessions('Sessions of the rule at once.'),
    'rate-per-source': rateSchema('New sessions from each source'),
    'sessions-per-source': sessions('Sessions of each source at once.'),
    'source-prefix': withWords(
      z.strictObject({
        v4: withWords(z.int().min(1).max(32), { what: 'a prefix length' })
          .optional()
          .describe('Prefix length of IPv4 sources.'),
        v6: withWords(z.int().min(1).max(128), { what: 'a prefix length' })
          .optional()
          .describe('Prefix length of IPv6 sources.'),
      }),
      { what: 'prefix lengths' },
    )
      .optional()
      .describe('Addresses of one such prefix count as one source; 32 and 64 unless given.'),
    over: withWords(z.enum(['deny', 'next']), { what: 'what happens beyond the limit' })
      .default('deny')
      .describe('Beyond the limit: `deny` drops, `next` goes on with the next rule.'),
  }),
  { what: 'limits' },
);

const log = withWords(
  z.union([
    z.boolean(),
    withWords(
      z.strictObject({
        start: z.boolean().default(true).describe('Log starts of sessions, and denials.'),
        end: z.boolean().default(true).describe('Log ends of sessions.'),
        limit: rateSchema('Records of the rule at most'),
      }),
      { what: 'log options' },
    ),
  ]),
  { what: 'log options' },
);

const change = withWords(
  z.strictObject({
    dscp: codePoint.optional().describe('Code point written into every packet, both ways.'),
    mss: mssSchema(),
  }),
  { what: 'changes' },
);

/** Keys of a rule that few rules have. */
export const extraKeys = {
  'source-mac': oneOrMany(mac)
    .optional()
    .describe('Source MAC addresses: of hosts on the link, or of the router there.'),
  in: oneOrMany(interfaceReference).optional().describe('Interfaces the packet came in by.'),
  out: oneOrMany(interfaceReference).optional().describe('Interfaces the packet leaves by.'),
  'tcp-flags': tcpFlags.optional().describe('Flags of the first packet; TCP only.'),
  dscp: oneOrMany(codePoint).optional().describe('Code points of the first packet.'),
  schedule: referenceSchema('a schedule name', 'schedules')
    .optional()
    .describe('Matches while the schedule is active.'),
  'reject-with': withWords(
    z.enum([
      'auto',
      'tcp-reset',
      'port-unreachable',
      'host-unreachable',
      'net-unreachable',
      'admin-prohibited',
    ]),
    { what: 'an answer' },
  )
    .optional()
    .describe('What a rejected sender is told; by default a reset for TCP, else prohibited.'),
  state: withWords(z.enum(['keep', 'none']), { what: 'a way to keep state' })
    .default('keep')
    .describe('`none` passes packets without a session; both directions then need rules.'),
  midstream: withWords(z.enum(['allow', 'deny']), { what: 'allow or deny' })
    .optional()
    .describe('`allow` lets TCP open a session without its SYN, without window checks.'),
  helper: withWords(z.enum(['ftp', 'sip']), { what: 'a helper' })
    .optional()
    .describe(
      'Reads the sessions of the rule for the connections they announce, lets those through and translates what they say. `ftp`: control connections, active and passive; `sip`: SIP over UDP, and the media of its calls.',
    ),
  limit: limit.optional().describe('How much the rule admits.'),
  set: change.optional().describe('What is changed in packets.'),
  log: log
    .default(false)
    .describe('Log what the rule decides: denials, starts and ends of sessions.'),
};
