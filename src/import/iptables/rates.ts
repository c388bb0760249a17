// SPDX-License-Identifier: BSD-3-Clause
import type { Limit } from '../shared/box.js';
import type { Conditions } from './conditions.js';
import { numberOf } from '../shared/names.js';
import type { Match, Option } from './options.js';

/**
 * Matches about how much there was before. The first packet of a source that was never seen is
 * under every limit and in no list, and so it is taken here.
 */
export const RATE_MATCHES: readonly (readonly [string, (match: Match, to: Conditions) => void])[] =
  [
    ['limit', limit],
    ['hashlimit', hashlimit],
    ['connlimit', connlimit],
    ['recent', recent],
  ];

const MOST_RATE = 1_000_000_000;
const DEFAULT_BURST = 5;

function limit({ module, options }: Match, to: Conditions): void {
  const rate = rateOf(argument(options, '--limit') ?? '3/hour');
  const burst = numberOf(argument(options, '--limit-burst') ?? String(DEFAULT_BURST), MOST_RATE);
  if (rate === null || burst === null || burst === 0 || options.some(({ negated }) => negated))
    to.cannot(written(module, options));
  else to.and({ limits: [{ rate, burst }] });
}

function hashlimit({ module, options }: Match, to: Conditions): void {
  const named = ['--hashlimit-upto', '--hashlimit', '--hashlimit-above'];
  const main = options.find(({ name }) => named.includes(name));
  const rate = rateOf(main?.args[0] ?? '');
  const modes = (argument(options, '--hashlimit-mode') ?? '')
    .split(',')
    .filter((mode) => mode !== '');
  const burst = numberOf(
    argument(options, '--hashlimit-burst') ?? String(DEFAULT_BURST),
    MOST_RATE,
  );
  const prefix = prefixOf(argument(options, '--hashlimit-srcmask'), to);
  if (main === undefined || rate === null || burst === null || prefix === null) {
    to.cannot(written(module, options));
    return;
  }
  let limited: Limit = { rate, burst: Math.max(burst, 1) };
  if (modes.includes('srcip')) limited = { ratePerSource: rate, ...prefix };
  if (modes.some((mode) => mode !== 'srcip'))
    to.remarks.push(
      `--hashlimit-mode ${modes.join(',')} counts by ${modes.includes('srcip') ? 'source' : 'rule'} here`,
    );
  bound(limited, (main.name === '--hashlimit-above') !== main.negated, to);
}

function connlimit({ module, options }: Match, to: Conditions): void {
  const main = options.find(({ name }) => /^--connlimit-(above|upto)$/.test(name));
  const count = numberOf(main?.args[0] ?? '', MOST_RATE);
  const prefix = prefixOf(argument(options, '--connlimit-mask'), to);
  if (main === undefined || count === null || prefix === null) {
    to.cannot(written(module, options));
    return;
  }
  const above = (main.name === '--connlimit-above') !== main.negated;
  // Nothing at all is allowed: no limit says that, but no packet is under it either.
  if (count === 0) {
    if (!above) to.boxes = [];
    return;
  }
  const together =
    options.some(({ name }) => name === '--connlimit-daddr') || prefix.sourcePrefix === 0;
  if (options.some(({ name }) => name === '--connlimit-daddr'))
    to.remarks.push('--connlimit-daddr counts by rule here');
  bound(together ? { sessions: count } : { sessionsPerSource: count, ...prefix }, above, to);
}

function recent({ module, options }: Match, to: Conditions): void {
  const main = options.find(({ name }) =>
    ['--set', '--rcheck', '--update', '--remove'].includes(name),
  );
  if (main === undefined) {
    to.cannot(written(module, options));
    return;
  }
  const what = written(module, options);
  if (main.name === '--set') {
    if (main.negated) to.boxes = [];
    to.remarks.push(`${what} keeps no list here`);
    return;
  }
  const seconds = numberOf(argument(options, '--seconds') ?? '', 1 << 30);
  const hits = numberOf(argument(options, '--hitcount') ?? '1', 255);
  if (main.negated) {
    to.remarks.push(`${what} is taken as of a source that is on no list`);
    return;
  }
  if (seconds !== null && seconds > 0 && hits !== null && hits > 1 && main.name !== '--remove') {
    to.remarks.push(`${what} became a rate for each source`);
    bound({ ratePerSource: perSeconds(hits - 1, seconds) }, true, to);
    return;
  }
  to.never = 'other';
  to.neverWhy = `${what}: sources are not remembered`;
}

/** The packets under a limit, or those over it. */
function bound(limited: Limit, above: boolean, to: Conditions): void {
  if (!above) to.and({ limits: [limited] });
  else if (to.over === null) to.over = limited;
  else to.over = { ...limited, ...to.over };
}

/** `10/sec` as rules write it, or null: rates of bytes are something else. */
function rateOf(text: string): string | null {
  const [, count = '', unit = ''] = /^(\d{1,9})(?:\/(s|m|h|d)[a-z]*)?$/i.exec(text) ?? [];
  return count === '' || Number(count) === 0
    ? null
    : `${Number(count)}/${unit.toLowerCase() || 's'}`;
}

/** At most `count` in any `seconds`, in units that come to a whole number, rounded down. */
function perSeconds(count: number, seconds: number): string {
  for (const [unit, length] of [
    ['s', 1],
    ['m', 60],
    ['h', 3600],
  ] as const) {
    const exact = (count * length) / seconds;
    if (exact >= 1 && Number.isInteger(exact)) return `${exact}/${unit}`;
  }
  return `${Math.max(1, Math.floor((count * 86400) / seconds))}/d`;
}

function prefixOf(text: string | undefined, to: Conditions): { sourcePrefix?: number } | null {
  const bits = to.around.family === 4 ? 32 : 128;
  if (text === undefined) return {};
  const length = numberOf(text, bits);
  return length === null ? null : length === bits ? {} : { sourcePrefix: length };
}

function argument(options: readonly Option[], name: string): string | undefined {
  return options.find((option) => option.name === name)?.args[0];
}

function written(module: string, options: readonly Option[]): string {
  const words = options.map(({ name, negated, args }) => [
    ...(negated ? ['!'] : []),
    name,
    ...args,
  ]);
  return `-m ${[module, ...words.flat()].join(' ')}`;
}
