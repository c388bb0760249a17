// SPDX-License-Identifier: BSD-3-Clause
import type { Limit } from '../shared/box.js';
import type { Conditions } from '../shared/conditions.js';
import { numberOf } from '../shared/names.js';
import type { Around } from './around.js';
import type { Cursor } from './cursor.js';
import type { Node } from './ruleset.js';
import { wordOf } from './values.js';

const DEFAULT_BURST = 5;

/** `rate [over] N/UNIT [burst N packets]` or `name NAME`. */
export function readLimit(to: Conditions<Around>, cursor: Cursor): void {
  let words = cursor.nodes.slice(cursor.at).map(wordOf);
  const named = words[0] === 'name' ? (words[1] ?? '') : null;
  if (named !== null) {
    cursor.at += 2;
    words = to.around.table.limits.get(named)?.map(wordOf) ?? [];
  }
  let used = words[0] === 'rate' ? 1 : 0;
  const over = words[used] === 'over';
  if (over) used++;
  const rate = rateOf(words[used++] ?? '');
  // Rates of bytes have their unit apart: `10 mbytes/second`.
  if (rate === null && (words[used] ?? '').includes('/')) used++;
  let burst = DEFAULT_BURST;
  if (words[used] === 'burst') {
    burst = Math.max(1, numberOf(words[used + 1] ?? '', 1_000_000_000) ?? 1);
    used += /^(packets|[kmg]?bytes)$/.test(words[used + 2] ?? '') ? 3 : 2;
  }
  if (named === null) cursor.at += used;
  if (rate === null)
    to.cannot(named === null ? `limit ${words.slice(0, used).join(' ')}` : `limit name "${named}"`);
  else bound(to, { rate, burst }, over);
}

/** `{ ip saddr limit rate over 5/second }`, `{ ip saddr ct count over 20 }`. */
export function dynamicLimit(
  to: Conditions<Around>,
  inner: readonly Node[],
  limit: number,
  count: number,
  bySource: boolean,
  text: string,
): void {
  const words = inner.map(wordOf);
  if (!bySource) to.remarks.push(`${text} counts by rule here`);
  if (count >= 0) {
    const over = words[count + 1] === 'over';
    const number = numberOf(words[count + (over ? 2 : 1)] ?? '', 1_000_000_000);
    if (number === null || number === 0) to.cannot(text);
    else bound(to, bySource ? { sessionsPerSource: number } : { sessions: number }, over);
    return;
  }
  const over = words[limit + 2] === 'over';
  const rate = rateOf(words[limit + (over ? 3 : 2)] ?? '');
  if (rate === null) to.cannot(text);
  else bound(to, bySource ? { ratePerSource: rate } : { rate, burst: DEFAULT_BURST }, over);
}

function bound(to: Conditions<Around>, limit: Limit, over: boolean): void {
  if (!over) to.and({ limits: [limit] });
  else to.over = { ...limit, ...to.over };
}

/** `10/second` as rules write it, or null: rates of bytes are something else. */
function rateOf(text: string): string | null {
  const [, count = '', unit = ''] = /^(\d{1,9})\/(second|minute|hour|day|week)$/.exec(text) ?? [];
  if (count === '' || Number(count) === 0) return null;
  return unit === 'week'
    ? `${Math.max(1, Math.floor(Number(count) / 7))}/d`
    : `${Number(count)}/${unit[0] ?? 's'}`;
}
