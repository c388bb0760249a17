// SPDX-License-Identifier: BSD-3-Clause
import type { Value } from '../shared/yaml.js';
import type { Block } from './lines.js';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** The schedule of a `time-range`, or null where there is none for it. */
export function scheduleOf({ under }: Block): Value | null {
  const weekly: Value[] = [];
  const dates: Value[] = [];
  for (const { words } of under) {
    if (words[0] === 'absolute') {
      const date = absolute(words);
      if (date === null) return null;
      dates.push(date);
    } else if (words[0] === 'periodic') {
      const times = periodic(words);
      if (times === null) return null;
      weekly.push(...times);
    } else if (words[0] !== 'description') return null;
  }
  // Both have to hold on an ASA, while times of a schedule add up.
  if (weekly.length > 0 && dates.length > 0) return null;
  if (weekly.length > 0) return { weekly };
  return dates.length > 0 ? { dates } : null;
}

/** `absolute [start HH:MM D MONTH YYYY] [end HH:MM D MONTH YYYY]`, the last minute included. */
function absolute(words: readonly string[]): Value | null {
  const date = (word: string): string | null | undefined => {
    const at = words.indexOf(word);
    if (at < 0) return undefined;
    const [clock = '', day = '', month = '', year = ''] = words.slice(at + 1, at + 5);
    const number = MONTHS.indexOf(month.slice(0, 3).toLowerCase()) + 1;
    const minutes = minutesOf(clock);
    if (minutes === null || number === 0 || !/^\d{1,2}$/.test(day) || !/^\d{4}$/.test(year))
      return null;
    return `${year}-${two(number)}-${two(Number(day))} ${clockOf(minutes)}`;
  };
  const [from, to] = [date('start'), date('end')];
  if (from === null || to === null) return null;
  return { from: from ?? '1993-01-01 00:00', to: to ?? '2035-12-31 23:59' };
}

/** `periodic DAYS HH:MM to [DAY] HH:MM`. */
function periodic(words: readonly string[]): Value[] | null {
  const at = words.indexOf('to');
  const from = minutesOf(words[at - 1] ?? '');
  const to = minutesOf(words.at(-1) ?? '');
  if (at < 2 || from === null || to === null) return null;
  const named = words.slice(1, at - 1).map((word) => word.toLowerCase());
  const days =
    named[0] === 'daily'
      ? DAYS
      : named[0] === 'weekdays'
        ? DAYS.slice(0, 5)
        : named[0] === 'weekend'
          ? DAYS.slice(5)
          : named.map((word) => word.slice(0, 3));
  if (days.length === 0 || days.some((day) => !DAYS.includes(day))) return null;
  if (words.length === at + 2)
    return from < to ? [{ days, from: clockOf(from), to: clockOf(to) }] : null;
  const end = DAYS.indexOf((words[at + 1] ?? '').slice(0, 3).toLowerCase());
  const start = DAYS.indexOf(days[0] ?? '');
  if (end < 0 || days.length !== 1 || words.length !== at + 3) return null;
  // From one day to another: the first from its time on, the last up to its own, all between whole.
  if (end === start) return from < to ? [{ days, from: clockOf(from), to: clockOf(to) }] : null;
  const times: Value[] = [{ days, from: clockOf(from), to: '24:00' }];
  for (let day = (start + 1) % 7; day !== end; day = (day + 1) % 7)
    times.push({ days: [DAYS[day] as string] });
  if (to > 0) times.push({ days: [DAYS[end] as string], from: '00:00', to: clockOf(to) });
  return times;
}

function minutesOf(text: string): number | null {
  const [, hours, minutes] = /^(\d{1,2}):(\d\d)$/.exec(text) ?? [];
  if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59) return null;
  return Number(hours) * 60 + Number(minutes);
}

function clockOf(minutes: number): string {
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
