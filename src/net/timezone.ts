// SPDX-License-Identifier: BSD-3-Clause

/** Offsets of local time, in seconds east of UTC. */
export interface Timezone {
  /** Before the first change. */
  readonly offset: number;
  /** `at` in seconds since 1970 UTC, ascending. */
  readonly changes: readonly { readonly at: number; readonly offset: number }[];
}

/** The years whose changes are written; what is before and after keeps the nearest offset. */
const FIRST = Date.UTC(2020, 0) / 1000;
const LAST = Date.UTC(2100, 0) / 1000;
/** No timezone changes its offset and back within so many seconds, but for a few days of Ramadan. */
const STEP = 7 * 86_400;

const known = new Map<string, Timezone>();

/** Whether the name is one of the IANA database as Node.js has it. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** The timezone of a name that isTimezone knows. */
export function timezone(name: string): Timezone {
  const found = known.get(name) ?? find(name);
  known.set(name, found);
  return found;
}

function find(name: string): Timezone {
  const offsetAt = offsets(name);
  const offset = offsetAt(FIRST);
  const changes: { at: number; offset: number }[] = [];
  let before = offset;
  for (let at = FIRST; at < LAST; at += STEP) {
    const after = offsetAt(at + STEP);
    if (after === before) continue;
    // The change lies in (low, high].
    let low = at;
    let high = at + STEP;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    changes.push({ at: high, offset: after });
    before = after;
  }
  return { offset, changes };
}

/** The offset of local time at an instant in seconds. */
function offsets(name: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: name,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const parts = new Map(
      format.formatToParts(at * 1000).map(({ type, value }) => [type, Number(value)]),
    );
    const get = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const local = Date.UTC(
      get('year'),
      get('month') - 1,
      get('day'),
      get('hour'),
      get('minute'),
      get('second'),
    );
    return local / 1000 - at;
  };
}
