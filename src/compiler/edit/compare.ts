// SPDX-License-Identifier: BSD-3-Clause
import type { Config, ConfigEntry, Hunk, Words } from '../../rulefile/config.js';
import { wordsText } from '../../rulefile/words.js';
import { entryLines, setLines } from './view.js';

/** A change at one place; places of values are those of their key. */
export interface Difference {
  readonly path: Words;
  readonly kind: 'added' | 'removed' | 'values' | 'mark' | 'order';
}

export interface Comparison {
  readonly hunks: readonly Hunk[];
  readonly commands: readonly string[];
  readonly differences: readonly Difference[];
}

type MapView = Extract<Config, { kind: 'map' }>;
type Line = Hunk['lines'][number];

/** What differs from one view to another. Parts that both share cost nothing. */
export function compare(before: Config, after: Config): Comparison {
  const found = { hunks: [] as Hunk[], commands: [] as string[], differences: [] as Difference[] };
  if (before.kind === 'map' && after.kind === 'map') compareMaps(before, after, [], found);
  return found;
}

interface Found {
  readonly hunks: Hunk[];
  readonly commands: string[];
  readonly differences: Difference[];
}

function compareMaps(before: MapView, after: MapView, path: Words, found: Found): void {
  if (before === after) return;
  const [from, rest] = ends(before.entries, after.entries);
  const gone = before.entries.slice(from, before.entries.length - rest);
  const come = after.entries.slice(from, after.entries.length - rest);
  const old = new Map(gone.map((one) => [one.word, one]));
  const now = new Map(come.map((one) => [one.word, one]));
  const lines: Line[] = [];
  const below: (() => void)[] = [];
  const say = (mark: Line['mark'], texts: readonly string[]): void => {
    for (const text of texts) lines.push({ mark, text });
  };
  for (const one of gone) {
    if (now.has(one.word)) continue;
    say('-', entryLines(one, 0));
    found.commands.push(`delete ${wordsText([...path, one.word])}`);
    found.differences.push({ path: [...path, one.word], kind: 'removed' });
  }
  const moved = after.ordered ? movedWords(gone, come) : new Set<string>();
  for (const [k, one] of come.entries()) {
    const i = from + k;
    const { word } = one;
    const was = old.get(word);
    const place = [...path, word];
    if (was === undefined) {
      say('+', entryLines(one, 0));
      found.commands.push(...setLines(one.value, place));
      if (one.inactive) found.commands.push(`deactivate ${wordsText(place)}`);
      found.differences.push({ path: place, kind: 'added' });
    }
    if (moved.has(word) || (was === undefined && after.ordered && i < after.entries.length - 1)) {
      const previous = after.entries[i - 1]?.word;
      const where = previous === undefined ? 'first' : `after ${wordsText([previous])}`;
      found.commands.push(`insert ${wordsText(place)} ${where}`);
      if (was !== undefined) {
        say('!', [`${wordsText([word])} ${where}`]);
        found.differences.push({ path: place, kind: 'order' });
      }
    }
    if (was !== undefined) compareEntry(was, one, place, { say, below, found });
  }
  if (lines.length > 0) found.hunks.push({ path, lines });
  for (const next of below) next();
}

/** How many entries both begin and end with. */
function ends(before: MapView['entries'], after: MapView['entries']): [from: number, rest: number] {
  const least = Math.min(before.length, after.length);
  let from = 0;
  while (from < least && same(before[from], after[from])) from++;
  let rest = 0;
  while (rest < least - from && same(before.at(-1 - rest), after.at(-1 - rest))) rest++;
  return [from, rest];
}

function same(a: ConfigEntry | undefined, b: ConfigEntry | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return a.word === b.word && a.inactive === b.inactive && alike(a.value, b.value);
}

/** Whether two views say the same in the same order. */
function alike(a: Config, b: Config): boolean {
  if (a === b) return true;
  if (a.kind === 'value') return b.kind === 'value' && a.value === b.value;
  if (a.kind === 'values')
    return (
      b.kind === 'values' &&
      a.values.length === b.values.length &&
      a.values.every(({ text, inactive }, i) => {
        const other = b.values[i];
        return text === other?.text && inactive === other.inactive;
      })
    );
  return (
    b.kind === 'map' &&
    a.entries.length === b.entries.length &&
    a.entries.every((one, i) => same(one, b.entries[i]))
  );
}

function compareEntry(
  was: ConfigEntry,
  one: ConfigEntry,
  place: Words,
  {
    say,
    below,
    found,
  }: {
    say: (mark: Line['mark'], texts: readonly string[]) => void;
    below: (() => void)[];
    found: Found;
  },
): void {
  if (was.inactive !== one.inactive) {
    const act = one.inactive ? 'deactivate' : 'activate';
    say(one.inactive ? '-' : '+', [`${act}: ${wordsText([one.word])}`]);
    found.commands.push(`${act} ${wordsText(place)}`);
    found.differences.push({ path: place, kind: 'mark' });
  }
  const [a, b] = [was.value, one.value];
  if (a === b) return;
  if (a.kind === 'map' && b.kind === 'map') {
    below.push(() => compareMaps(a, b, place, found));
    return;
  }
  const plain = { word: one.word };
  const [from, to] = [entryLines({ ...plain, value: a }, 0), entryLines({ ...plain, value: b }, 0)];
  if (from.join('\n') === to.join('\n')) return;
  say('-', from);
  say('+', to);
  found.differences.push({ path: place, kind: 'values' });
  if (a.kind === 'values' && b.kind === 'values') {
    const had = new Set(a.values.map(({ text }) => text));
    const has = new Set(b.values.map(({ text }) => text));
    for (const text of had)
      if (!has.has(text)) found.commands.push(`delete ${wordsText([...place, text])}`);
    for (const text of has)
      if (!had.has(text)) found.commands.push(`set ${wordsText([...place, text])}`);
  } else {
    if (a.kind !== b.kind) found.commands.push(`delete ${wordsText(place)}`);
    found.commands.push(...setLines(b, place));
  }
}

/** Items of both lists that have to move for the new order: all but a longest run that stays. */
function movedWords(before: MapView['entries'], after: MapView['entries']): Set<string> {
  const places = new Map(before.map(({ word }, i) => [word, i]));
  const common = after.map(({ word }) => word).filter((word) => places.has(word));
  const stay = longestAscending(common.map((word) => places.get(word) as number));
  return new Set(common.filter((_, i) => !stay.has(i)));
}

/** The positions of a longest ascending subsequence. */
export function longestAscending(values: readonly number[]): Set<number> {
  /** By length less one: the position of the lowest value such a run can end in. */
  const ends: number[] = [];
  const before = new Int32Array(values.length).fill(-1);
  for (const [i, value] of values.entries()) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((values[ends[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    if (low > 0) before[i] = ends[low - 1] as number;
    ends[low] = i;
  }
  const found = new Set<number>();
  for (let i = ends.at(-1) ?? -1; i >= 0; i = before[i] as number) found.add(i);
  return found;
}
