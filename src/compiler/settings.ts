// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { reversePathSchema } from '../interfaces/schema.js';
import type { Context } from '../rulefile/context.js';
import { withWords, type Loaded } from '../rulefile/schema.js';
import type { Settings } from './model.js';

const DURATION = /^[1-9][0-9]{0,6}[smhd]$/;
const MOST_SECONDS = 604_800;
const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);

const what = 'a time like 90s, 15m or 2h';
const duration = (fallback: string, meaning: string) =>
  z
    .union([
      withWords(z.string().regex(DURATION), { what }),
      withWords(z.int().min(1).max(MOST_SECONDS), { what: 'a number of seconds' }),
    ])
    .optional()
    .describe(`${meaning}; ${fallback} unless given.`);

const fragments = withWords(
  z.strictObject({
    timeout: duration('30s', 'A datagram whose fragments do not all come, at most 120s'),
    'max-datagrams': withWords(z.int().min(16).max(1_048_576), { what: 'a number of datagrams' })
      .optional()
      .describe('Datagrams that may wait at once, 16 to 1048576; 8192 unless given.'),
    'max-per-source': withWords(z.int().min(1).max(1_048_576), { what: 'a number of datagrams' })
      .optional()
      .describe('Of these from one source address; 256 unless given.'),
  }),
  { what: 'bounds of fragments' },
);

const fate = (meaning: string) =>
  withWords(z.enum(['allow', 'drop']), { what: '`allow` or `drop`' })
    .optional()
    .describe(`${meaning}: \`allow\`, the default, or \`drop\`.`);

/*
 * Headers that a router has no business with pass by default (RFC 7045, RFC 9673). A routing header
 * does not: it leads a packet where the rules did not look (RFC 9099, RFC 5095).
 */
const ipv6Extensions = withWords(
  z.strictObject({
    'hop-by-hop': fate('Options for each hop; MLD to the appliance has them in any case'),
    'destination-options': fate('Options for the destination'),
    routing: withWords(
      z.array(
        withWords(z.int().min(1).max(15), {
          what: 'a type of routing header',
        }),
      ),
      { what: 'a list of routing header types' },
    )
      .optional()
      .describe(
        'Types of routing headers that pass, like 2 (mobile IPv6) or 4 (segment routing); none unless given, and type 0 never.',
      ),
    other: fate('Mobility, HIP, Shim6 and experimental headers, which rules see as a protocol'),
    'max-headers': withWords(z.int().min(0).max(8), { what: 'a number of headers' })
      .optional()
      .describe('Extension headers a packet may have, 0 to 8; 8 unless given.'),
  }),
  { what: 'the IPv6 extension headers that pass' },
);

const timeouts = withWords(
  z.strictObject({
    'tcp-opening': duration('30s', 'TCP until both sides have agreed'),
    'tcp-established': duration('3600s', 'TCP between the handshake and its end'),
    'tcp-closing': duration('30s', 'TCP after the first FIN'),
    'tcp-closed': duration('10s', 'TCP after a reset or the last FIN'),
    'udp-opening': duration('30s', 'UDP without an answer'),
    'udp-established': duration('120s', 'UDP with an answer'),
    icmp: duration('10s', 'ICMP and ICMPv6 queries'),
    other: duration('60s', 'all other protocols'),
  }),
  { what: 'timeouts' },
);

export const settingsSchema = withWords(
  z.strictObject({
    'max-sessions': withWords(z.int().min(1024).max(33_554_432), { what: 'a number of sessions' })
      .optional()
      .describe('Sessions the table holds, 1024 to 33554432; 1048576 unless given.'),
    'max-routes': withWords(z.int().min(1024).max(4_194_304), { what: 'a number of routes' })
      .optional()
      .describe('Routes of each address family, 1024 to 4194304; 65536 unless given.'),
    timeouts: timeouts
      .optional()
      .describe('Idle times of sessions: `90s`, `15m`, `2h` or seconds.'),
    'reverse-path': reversePathSchema().describe(
      'Anti-spoofing of all interfaces that do not say: `strict` unless given.',
    ),
    'midstream-grace': duration(
      '0s',
      'After a start of the fast path, TCP without a session may be picked up so long',
    ),
    fragments: fragments.optional().describe('Bounds of fragments that wait for others.'),
    'ipv6-extensions': ipv6Extensions
      .optional()
      .describe('Which IPv6 extension headers pass; what else a packet is stays for the rules.'),
  }),
  { what: 'settings' },
).describe('Sizes and times of the fast path.');

type SettingsConfig = Loaded<z.infer<typeof settingsSchema>>;

type TimeoutsConfig = NonNullable<SettingsConfig['timeouts']>;

/** Settings with what is not written filled in; times that are too long are reported. */
export function resolveSettings(config: SettingsConfig | undefined, context: Context): Settings {
  const times = config?.timeouts;
  const bounded = <K extends string>(
    owner: { readonly [key in K]?: string | number | undefined } | undefined,
    key: K,
    most: number,
    fallback: number,
  ) => {
    const value = owner?.[key];
    if (owner === undefined || value === undefined) return fallback;
    const found = seconds(value);
    if (found <= most) return found;
    context.report(
      'wrong-value',
      context.at(owner, key),
      `'${value}' is more than ${most} seconds`,
    );
    return fallback;
  };
  const time = (key: keyof TimeoutsConfig, fallback: number) => {
    const value = times?.[key];
    if (times === undefined || value === undefined) return fallback;
    const found = seconds(value);
    if (found <= MOST_SECONDS) return found;
    context.report('wrong-value', context.at(times, key), `'${value}' is more than seven days`);
    return fallback;
  };
  const held = config?.fragments;
  const extensions = config?.['ipv6-extensions'];
  const datagrams = held?.['max-datagrams'] ?? 8192;
  return {
    midstreamGrace: Math.min(86_400, bounded(config, 'midstream-grace', 86_400, 0)),
    fragments: {
      timeout: bounded(held, 'timeout', 120, 30),
      datagrams,
      perSource: Math.min(datagrams, held?.['max-per-source'] ?? 256),
    },
    ipv6Extensions: {
      hopByHop: extensions?.['hop-by-hop'] !== 'drop',
      destinationOptions: extensions?.['destination-options'] !== 'drop',
      routing: [...new Set(extensions?.routing)].toSorted((a, b) => a - b),
      other: extensions?.other !== 'drop',
      most: extensions?.['max-headers'] ?? 8,
    },
    maxSessions: config?.['max-sessions'] ?? 1_048_576,
    maxRoutes: config?.['max-routes'] ?? 65_536,
    timeouts: {
      tcpOpening: time('tcp-opening', 30),
      tcpEstablished: time('tcp-established', 3600),
      tcpClosing: time('tcp-closing', 30),
      tcpClosed: time('tcp-closed', 10),
      udpOpening: time('udp-opening', 30),
      udpEstablished: time('udp-established', 120),
      icmp: time('icmp', 10),
      other: time('other', 60),
    },
  };
}

function seconds(value: string | number): number {
  if (typeof value === 'number') return value;
  return Number(value.slice(0, -1)) * (UNITS.get(value.slice(-1)) ?? 1);
}
