// SPDX-License-Identifier: BSD-3-Clause

/** How many items two lists begin and end with alike; no item counts twice. */
export interface Ends {
  readonly from: number;
  readonly rest: number;
}

export function commonEnds(before: readonly unknown[], after: readonly unknown[]): Ends {
  const least = Math.min(before.length, after.length);
  let from = 0;
  while (from < least && before[from] === after[from]) from++;
  let rest = 0;
  const [last, end] = [before.length - 1, after.length - 1];
  while (rest < least - from && before[last - rest] === after[end - rest]) rest++;
  return { from, rest };
}

interface Kept<T, R> {
  readonly items: readonly T[];
  readonly made: R;
}

/** What was made of a list before, and what of it an edit left alone. */
export interface Before<R> extends Ends {
  readonly made: R;
  /** Items it had. */
  readonly count: number;
}

/**
 * What was made of lists, for those that edits make of them: items are never changed, so that what both
 * begin and end with needs no look at all. A list is found by its first item or its last.
 */
export class ListMemory<T extends object, R> {
  readonly #kept = new WeakMap<T, Kept<T, R>>();

  find(items: readonly T[]): Before<R> | null {
    const [first, last] = [items[0], items.at(-1)];
    if (first === undefined || last === undefined) return null;
    const kept = this.#kept.get(first) ?? this.#kept.get(last);
    if (kept === undefined) return null;
    const { made } = kept;
    return { made, count: kept.items.length, ...commonEnds(kept.items, items) };
  }

  /** The same, and nobody finds it any more. */
  take(items: readonly T[]): (Before<R> & { readonly items: readonly T[] }) | null {
    const found = this.find(items);
    const kept = this.#kept.get(items[0] as T) ?? this.#kept.get(items.at(-1) as T);
    if (found === null || kept === undefined) return null;
    for (const one of [kept.items[0], kept.items.at(-1)])
      if (one !== undefined && this.#kept.get(one) === kept) this.#kept.delete(one);
    return { ...found, items: kept.items };
  }

  keep(items: readonly T[], made: R): void {
    const [first, last] = [items[0], items.at(-1)];
    if (first === undefined || last === undefined) return;
    const kept = { items, made };
    this.#kept.set(first, kept);
    this.#kept.set(last, kept);
  }
}

/** What is made of items one by one; of those at the ends, what was made before. */
export function remade<T, R>(
  before: Before<readonly R[]> | null,
  items: readonly T[],
  make: (item: T, index: number) => R,
): R[] {
  if (before === null) return items.map(make);
  const { made, from, rest } = before;
  const all = made.slice(0, from);
  for (let i = from; i < items.length - rest; i++) all.push(make(items[i] as T, i));
  for (let i = made.length - rest; i < made.length; i++) all.push(made[i] as R);
  return all;
}
