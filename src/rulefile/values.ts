// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { withWords } from './schema.js';

/** A kernel TAP of the same name stands for each interface: these are Linux's rules (dev_valid_name). */
export const DEVICE = /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,15}$/;

/** The name of an interface, or of what one stands for. */
export function interfaceNameSchema(what = 'an interface name') {
  return withWords(z.string().regex(DEVICE), { what, code: 'name-invalid' });
}

/** A token bucket: `burst` tokens at most, one more each `every` nanoseconds. */
export interface Rate {
  readonly every: number;
  readonly burst: number;
}

const RATE = /^[1-9][0-9]{0,8}\/[smhd]$/;
const SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);

/** A number in a time: `100/s`, `10/m`, `5/h`, `1/d`; at most 999,999,999. */
export function rateSchema(meaning: string) {
  return withWords(z.string().regex(RATE), { what: 'a rate like 100/s or 10/m' })
    .optional()
    .describe(`${meaning}: \`100/s\`, \`10/m\`, \`5/h\`, \`1/d\`.`);
}

/** The bucket of a rate as written; the burst is what one second brings unless given, at least 1. */
export function rateOf(text: string, burst?: number): Rate {
  const count = Number(text.slice(0, -2));
  const seconds = SECONDS.get(text.slice(-1)) ?? 1;
  return {
    every: Math.max(1, Math.round((seconds * 1e9) / count)),
    burst: burst ?? Math.max(1, Math.ceil(count / seconds)),
  };
}

/** The most a SYN may announce (RFC 9293 3.7.1). */
export function mssSchema() {
  return withWords(
    z.union([
      withWords(z.int().min(64).max(9176), { what: 'an MSS in bytes' }),
      withWords(z.literal('clamp'), { what: 'clamp' }),
    ]),
    { what: 'an MSS in bytes, or clamp' },
  )
    .optional()
    .describe('Most that SYNs may announce, 64 to 9176 bytes; `clamp` is what the MTU leaves.');
}

/** SYNs a second. */
export interface SynCookies {
  readonly above: number;
  readonly below: number;
}

const synRate = withWords(z.int().min(1).max(100_000_000), { what: 'a number of SYNs a second' });

/** When SYN cookies answer what the policy allows (RFC 4987). */
export function synCookiesSchema(which: string) {
  return withWords(
    z.strictObject({
      above: synRate.describe(
        `With more SYNs a second than this ${which}, new TCP connections are answered by SYN cookies, and take no session before the client has answered.`,
      ),
      below: synRate
        .optional()
        .describe(
          'At or below it, for five seconds, they no longer are; half of `above` unless given.',
        ),
    }),
    { what: 'thresholds of SYN cookies' },
  );
}

/** As written; null for none. */
export function synCookiesOf(
  config: { readonly above: number; readonly below?: number | undefined } | undefined,
): SynCookies | null {
  if (config === undefined) return null;
  const { above, below = Math.floor(above / 2) } = config;
  return { above, below: Math.min(above, below) };
}
