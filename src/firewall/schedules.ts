// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { isTimezone } from '../net/timezone.js';
import { quote } from '../diagnostics/text.js';
import type { Context } from '../rulefile/context.js';
import { nameSchema, oneOrMany, withWords, type Loaded } from '../rulefile/schema.js';
import type { Schedule, ScheduleWindow } from './model.js';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAY = 86_400;

const time = withWords(z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$/), {
  what: 'a time like "08:00"',
});
const days = withWords(
  z.string().regex(/^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$/),
  { what: 'a day or days like mon or mon-fri' },
);
const moment = withWords(
  z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9]$/),
  { what: 'a date and time like "2026-12-24 00:00"' },
);

const weekly = withWords(
  z.strictObject({
    days: oneOrMany(days).optional().describe('Days: `mon`, `sat-sun`; every day unless given.'),
    from: time
      .optional()
      .describe('Start in local time, in quotes: `"08:00"`; 00:00 unless given.'),
    to: time
      .optional()
      .describe('End, exclusive: `"18:00"`; 24:00 unless given. Before `from`: on the next day.'),
  }),
  { what: 'a weekly time' },
);
const dates = withWords(
  z.strictObject({
    from: moment.describe('Start in local time: `"2026-12-24 00:00"`.'),
    to: moment.describe('End, exclusive.'),
  }),
  { what: 'a time between two dates' },
);
const schedule = withWords(
  z.strictObject({
    timezone: withWords(z.string().max(64), { what: 'a timezone' })
      .optional()
      .describe("Name of the IANA database: `Europe/Berlin`; the system's unless given."),
    weekly: z.array(weekly).optional().describe('Times that come every week.'),
    dates: z.array(dates).optional().describe('Times that come once.'),
  }),
  { what: 'a schedule' },
);

export const schedulesSchema = z
  .record(nameSchema('a schedule name'), schedule)
  .describe(
    'Schedules by name: when a rule with `schedule` matches. Active in any of their times.',
  );

export type SchedulesConfig = Loaded<z.infer<typeof schedulesSchema>>;
type ScheduleConfig = SchedulesConfig extends ReadonlyMap<string, infer One> ? One : never;
type WeeklyConfig = NonNullable<ScheduleConfig['weekly']>[number];

/** Schedules as the model has them; `fallback` is the timezone of those that name none. */
export function resolveSchedules(
  config: SchedulesConfig | undefined,
  fallback: string,
  context: Context,
): Schedule[] {
  return [...(config ?? [])].map(([name, one]) => {
    const { timezone = fallback } = one;
    if (one.timezone !== undefined) checkTimezone(one, context);
    return {
      name,
      at: context.positionOf(context.atKey(config as object, name)),
      timezone: isTimezone(timezone) ? timezone : 'UTC',
      windows: [
        ...(one.weekly ?? []).flatMap((window) => weeklyWindows(window, context)),
        ...(one.dates ?? []).flatMap((window): ScheduleWindow[] => {
          const from = momentOf(window, 'from', context);
          const to = momentOf(window, 'to', context);
          if (from === null || to === null) return [];
          if (from < to) return [{ days: 0, from, to }];
          context.report('schedule-time', context.at(window, 'to'), 'it ends before it starts');
          return [];
        }),
      ],
    };
  });
}

/** Reports a `timezone` that the IANA database does not have. */
export function checkTimezone(
  owner: { readonly timezone?: string | undefined },
  context: Context,
): void {
  const { timezone } = owner;
  if (timezone === undefined || isTimezone(timezone)) return;
  const message = `there is no timezone ${quote(timezone)}`;
  context.report('unknown-timezone', context.at(owner, 'timezone'), message, {
    hint: 'a timezone is named as in Europe/Berlin or UTC',
  });
}

function weeklyWindows(window: WeeklyConfig, context: Context): ScheduleWindow[] {
  const bits = daysOf([window.days ?? 'mon-sun'].flat());
  const from = seconds(window.from ?? '00:00');
  const to = seconds(window.to ?? '24:00');
  if (from < to) return [{ days: bits, from, to }];
  if (from === to || from === DAY) {
    const message = 'it starts and ends at the same time; leave both out for whole days';
    context.report('schedule-time', context.at(window, 'from'), message);
    return [];
  }
  // Over midnight: the second part lies on the next day.
  const next = ((bits << 1) | (bits >> 6)) & 0x7f;
  const evening: ScheduleWindow = { days: bits, from, to: DAY };
  return to === 0 ? [evening] : [evening, { days: next, from: 0, to }];
}

function daysOf(texts: readonly string[]): number {
  let bits = 0;
  for (const text of texts) {
    const first = DAYS.indexOf(text.slice(0, 3));
    const last = DAYS.indexOf(text.slice(-3));
    for (let day = first; ; day = (day + 1) % 7) {
      bits |= 1 << day;
      if (day === last) break;
    }
  }
  return bits;
}

function seconds(text: string): number {
  return Number(text.slice(0, 2)) * 3600 + Number(text.slice(3)) * 60;
}

function momentOf(
  window: { readonly from: string; readonly to: string },
  key: 'from' | 'to',
  context: Context,
): number | null {
  const text = window[key];
  const time = Date.parse(`${text.replace(' ', 'T')}:00Z`);
  // Date.parse takes the 31st of any month in some engines, so the date is read back.
  if (
    Number.isFinite(time) &&
    time >= 0 &&
    new Date(time).toISOString().startsWith(text.slice(0, 10))
  )
    return time / 1000;
  context.report('schedule-time', context.at(window, key), `there is no date ${quote(text)}`);
  return null;
}
