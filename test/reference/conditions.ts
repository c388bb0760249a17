// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import type { Model } from '../../src/compiler/model.js';
import {
  NO_EXTRA,
  type Rule,
  type RuleExtra,
  type Schedule,
  type ScheduleWindow,
} from '../../src/firewall/model.js';
import { models } from './arbitraries.js';
import { AT } from './models.js';

/** What conditions look at beyond the tuple. */
export interface Seen {
  /** null: not TCP. */
  readonly tcpFlags: number | null;
  readonly dscp: number;
  readonly mac: number;
  readonly in: string;
  readonly out: string;
  /** Seconds since 1970 UTC. */
  readonly time: number;
}

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York'];
/** Around the end of daylight saving time in Europe and America in 2026. */
const START = Date.UTC(2026, 9, 24) / 1000;
const DAYS = 10;

/** Whether the conditions of a rule hold, in the words of the language. */
export function holds({ schedules }: Model, { extra }: Rule, seen: Seen): boolean {
  if (extra === null) return true;
  const { sourceMacs, tcpFlags, dscp, schedule } = extra;
  if (sourceMacs.length > 0 && !sourceMacs.includes(seen.mac)) return false;
  if (extra.in.length > 0 && !extra.in.includes(seen.in)) return false;
  if (extra.out.length > 0 && !extra.out.includes(seen.out)) return false;
  if (dscp !== null && !((dscp >> BigInt(seen.dscp)) & 1n)) return false;
  if (tcpFlags !== null) {
    if (seen.tcpFlags === null) return false;
    const equal = (seen.tcpFlags & tcpFlags.mask) === tcpFlags.value;
    if (equal === tcpFlags.not) return false;
  }
  const found = schedules.find(({ name }) => name === schedule);
  return found === undefined || isTime(found, seen.time);
}

/** The clock on the wall comes from Intl, not from our own tables. */
function isTime({ timezone, windows }: Schedule, time: number): boolean {
  const form = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = new Map(form.formatToParts(time * 1000).map(({ type, value }) => [type, value]));
  const [year, month, day, hour, minute, second] = (
    ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
  ).map((type) => Number(parts.get(type)));
  const local = Date.UTC(year!, month! - 1, day, hour, minute, second) / 1000;
  const weekday = (new Date(local * 1000).getUTCDay() + 6) % 7;
  return windows.some(({ days, from, to }) => {
    if (days === 0) return local >= from && local < to;
    return Boolean(days & (1 << weekday)) && local % 86400 >= from && local % 86400 < to;
  });
}

const flags = fc.nat(255);
const ifaces = fc.uniqueArray(fc.constantFrom('inside', 'outside', 'dmz'), { maxLength: 2 });
const mac = fc.nat(5).map((n) => 0x5254_0000_0000 + n);
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 1 });

const window: fc.Arbitrary<ScheduleWindow> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 127 }), fc.nat(86399), fc.nat(86399))
    .map(([days, a, b]) => ({ days, from: Math.min(a, b), to: Math.max(a, b) + 1 })),
  fc.tuple(fc.nat(DAYS * 86400), fc.integer({ min: 1, max: 3 * 86400 })).map(([from, span]) => ({
    days: 0 as const,
    from: START + from,
    to: START + from + span,
  })),
);

const schedule = fc.record({
  timezone: fc.constantFrom(...ZONES),
  windows: fc.array(window, { minLength: 1, maxLength: 4 }),
});

const extra: fc.Arbitrary<RuleExtra> = fc
  .record({
    macs: some(fc.uniqueArray(mac, { minLength: 1, maxLength: 3 })),
    in: some(ifaces),
    out: some(ifaces),
    tcp: some(
      fc.record({ mask: fc.integer({ min: 1, max: 255 }), bits: flags, not: fc.boolean() }),
    ),
    dscp: some(fc.bigInt({ min: 1n, max: (1n << 64n) - 1n })),
    schedule: some(fc.constantFrom('s0', 's1', 's2')),
    next: fc.boolean(),
  })
  .map((one) => ({
    ...NO_EXTRA,
    sourceMacs: [...(one.macs ?? [])].sort((a, b) => a - b),
    in: one.in ?? [],
    out: one.out ?? [],
    tcpFlags:
      one.tcp === null
        ? null
        : { mask: one.tcp.mask, value: one.tcp.mask & one.tcp.bits, not: one.tcp.not },
    dscp: one.dscp,
    schedule: one.schedule,
    // Of packets that stand alone none is over a limit: the rule matches as without it.
    limit: one.next
      ? {
          rate: null,
          sourceRate: null,
          sessions: 1,
          sourceSessions: 0,
          sourceLength: { v4: 32, v6: 128 },
          over: 'next',
        }
      : null,
  }));

/** As `models`, most rules with conditions, some rejecting. */
export function conditionalModels(sizes: { policies: number; rules: number }): fc.Arbitrary<Model> {
  return fc
    .record({
      model: models(sizes),
      extras: fc.array(fc.option(extra, { freq: 3 }), { minLength: 8, maxLength: 30 }),
      rejects: fc.array(fc.boolean(), { minLength: 5, maxLength: 13 }),
      schedules: fc.array(schedule, { minLength: 3, maxLength: 3 }),
    })
    .map(({ model, extras, rejects, schedules }) => {
      let n = 0;
      const changed = (rule: Rule): Rule => {
        const i = n++;
        const action = rejects[i % rejects.length] === true ? 'reject' : rule.action;
        return { ...rule, action, extra: extras[i % extras.length] ?? null };
      };
      return {
        ...model,
        schedules: schedules.map((one, i) => ({ name: `s${i}`, at: AT, ...one })),
        policies: model.policies.map((one) => ({ ...one, rules: one.rules.map(changed) })),
      };
    });
}

/** What a packet from inside to outside may have; `tcpFlags` where it is TCP. */
export const seens: fc.Arbitrary<Omit<Seen, 'time'>> = fc.record({
  tcpFlags: flags,
  dscp: fc.nat(63),
  mac,
  in: fc.constant('inside'),
  out: fc.constant('outside'),
});

/** Seconds of a week with a change of clocks in it. */
export const times: fc.Arbitrary<number> = fc.nat(DAYS * 86400).map((at) => START + at);
