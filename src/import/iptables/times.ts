// SPDX-License-Identifier: BSD-3-Clause
import type { Conditions } from './conditions.js';
import type { Match } from './options.js';
import type { Value } from '../shared/yaml.js';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAY = 24 * 60;

/** The schedule that `-m time` says, or null where there is none for it. */
export function scheduleOf({ options }: Match): Value | null {
  let days: string[] | null = null;
  let start = 0;
  let stop = DAY;
  let date: { from?: string; to?: string } = {};
  let timezone: string | null = 'UTC';
  let contiguous = false;
  for (const { name, negated, args } of options) {
    const [text = ''] = args;
    if (negated && name !== '--weekdays') return null;
    if (name === '--weekdays') {
      const named = text.split(',').map((day) => dayOf(day));
      if (named.includes(undefined)) return null;
      days = DAYS.filter((day) => named.includes(day) !== negated);
      if (days.length === 0) return null;
    } else if (name === '--timestart' || name === '--timestop') {
      const minutes = minutesOf(text, name === '--timestop');
      if (minutes === null) return null;
      if (name === '--timestart') start = minutes;
      else stop = minutes;
    } else if (name === '--datestart' || name === '--datestop') {
      const [, day, clock = '00:00'] =
        /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::00)?)?$/.exec(text) ?? [];
      if (day === undefined) return null;
      date = { ...date, [name === '--datestart' ? 'from' : 'to']: `${day} ${clock}` };
    } else if (name === '--kerneltz' || name === '--localtz') timezone = null;
    else if (name === '--contiguous') contiguous = true;
    else if (name !== '--utc') return null;
  }
  const zone = timezone === null ? {} : { timezone };
  if (date.from !== undefined || date.to !== undefined) {
    // Times of a schedule add up: those of a day within dates cannot be said.
    if (days !== null || start !== 0 || stop !== DAY) return null;
    return {
      ...zone,
      dates: [{ from: date.from ?? '1970-01-01 00:00', to: date.to ?? '2038-01-19 03:14' }],
    };
  }
  const on = days === null ? {} : { days };
  if (start === stop) return null;
  const weekly =
    start < stop || contiguous
      ? [{ ...on, from: clockOf(start), to: clockOf(stop) }]
      : // Without --contiguous both ends of the night are of the same day.
        [
          { ...on, from: '00:00', to: clockOf(stop) },
          { ...on, from: clockOf(start), to: '24:00' },
        ].filter(({ from, to }) => from !== to);
  return { ...zone, weekly };
}

/** Reads `-m time` into a schedule that `to` names. */
export function readTime(match: Match, to: Conditions): boolean {
  const value = scheduleOf(match);
  if (value === null) return false;
  to.and({ schedule: to.around.schedule(value) });
  return true;
}

function dayOf(text: string): string | undefined {
  if (/^[1-7]$/.test(text)) return DAYS[Number(text) - 1];
  return DAYS.find((day) => text.toLowerCase().startsWith(day.slice(0, 2)));
}

/** Minutes of HH:MM[:SS]; an end takes its last second in, so 17:59:59 is 18:00. */
function minutesOf(text: string, end: boolean): number | null {
  const [, hours, minutes, seconds = '00'] = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  if (hours === undefined || total >= DAY || Number(minutes) > 59) return null;
  if (seconds === '00') return total;
  return end && seconds === '59' ? total + 1 : null;
}

function clockOf(minutes: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
