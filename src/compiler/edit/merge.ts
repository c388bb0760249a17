// SPDX-License-Identifier: BSD-3-Clause
import type { Words } from '../../rulefile/config.js';
import type { GrammarNode } from '../../rulefile/grammar.js';
import { isAbsent, type Entry, type Node } from '../../rulefile/tree.js';
import { compare, type Difference } from './compare.js';
import { itemsOf, namesOf, withEntries, withItems } from './nodes.js';
import { grammarBelow, viewOf } from './view.js';

/** What two people made of one tree, in one; or the places both changed. */
export type Merged = { readonly root: Node } | { readonly conflicts: readonly Words[] };

/** Brings what `mine` changed of `base` into `theirs`, as far as no place was changed by both. */
export function mergeChanges(base: Node, mine: Node, theirs: Node, grammar: GrammarNode): Merged {
  const changes = (to: Node): readonly Difference[] =>
    compare(viewOf(base, grammar), viewOf(to, grammar)).differences;
  const [ours, others] = [changes(mine), changes(theirs)];
  const conflicts = ours
    .filter(({ path }) => others.some((other) => touch(path, other.path)))
    .map(({ path }) => path);
  if (conflicts.length > 0) return { conflicts };
  return { root: three(base, mine, theirs, grammar) };
}

/** One lies in the other. */
function touch(a: Words, b: Words): boolean {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Places that both changed are known to differ below: whole values are of one side. */
function three(base: Node, mine: Node, theirs: Node, grammar: GrammarNode): Node {
  if (mine === base || mine === theirs) return theirs;
  if (theirs === base) return mine;
  if (base.kind === 'map' && mine.kind === 'map' && theirs.kind === 'map') {
    const entries = merged(
      keyed(base.entries),
      keyed(mine.entries),
      keyed(theirs.entries),
      (b, m, t, key) => ({
        key: t.key,
        value: three(b.value, m.value, t.value, grammarBelow(grammar, key)),
      }),
    );
    return withEntries(theirs, entries);
  }
  if (
    base.kind === 'list' &&
    mine.kind === 'list' &&
    theirs.kind === 'list' &&
    grammar.items !== undefined
  ) {
    const { identity, each } = grammar.items;
    const named = (items: readonly Node[]): Map<string, Node> => {
      const names = namesOf(items, identity);
      return new Map(items.map((item, i) => [names[i] as string, item]));
    };
    return withItems(
      theirs,
      merged(named(base.items), named(mine.items), named(theirs.items), (b, m, t) =>
        three(b, m, t, each),
      ),
    );
  }
  const view = (node: Node): string => JSON.stringify(viewOf(node, grammar));
  return view(mine) === view(base) ? theirs : mine;
}

function keyed(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((one) => [one.key.value, one]));
}

/** Theirs in their order, with what is new of mine behind what it stood behind. */
function merged<T>(
  base: ReadonlyMap<string, T>,
  mine: ReadonlyMap<string, T>,
  theirs: ReadonlyMap<string, T>,
  both: (base: T, mine: T, theirs: T, name: string) => T,
): T[] {
  const order = orderOf([...base.keys()], [...mine.keys()], [...theirs.keys()]);
  return order.flatMap((name) => {
    const [b, m, t] = [base.get(name), mine.get(name), theirs.get(name)];
    if (b !== undefined && m !== undefined && t !== undefined) return [both(b, m, t, name)];
    // Gone on one side; or new on one.
    if (b !== undefined) return [];
    const one = t ?? m;
    return one === undefined ? [] : [one];
  });
}

function orderOf(base: string[], mine: string[], theirs: string[]): string[] {
  const kept = new Set(base);
  const reordered =
    mine.filter((name) => kept.has(name)).join('\n') !==
    base.filter((name) => mine.includes(name)).join('\n');
  const [first, second] = reordered ? [mine, theirs] : [theirs, mine];
  const order = [...first];
  const known = new Set(order);
  for (const [i, name] of second.entries()) {
    if (known.has(name)) continue;
    known.add(name);
    const before = second[i - 1];
    const at = before === undefined ? 0 : order.indexOf(before) + 1;
    order.splice(at, 0, name);
  }
  return order;
}

/** Adds a tree to another: maps by their keys, items by their names, values to lists; else it replaces. */
export function mergeInto(node: Node | undefined, more: Node, grammar: GrammarNode): Node {
  if (node === undefined || isAbsent(node)) return more;
  if (isAbsent(more)) return node;
  if (node.kind === 'map' && more.kind === 'map') {
    const entries = [...node.entries];
    for (const one of more.entries) {
      const at = entries.findIndex(({ key }) => key.value === one.key.value);
      const value = mergeInto(entries[at]?.value, one.value, grammarBelow(grammar, one.key.value));
      if (at < 0) entries.push(one);
      else entries[at] = { key: one.key, value };
    }
    return withEntries(node, entries);
  }
  const { items } = grammar;
  if (items !== undefined && node.kind === 'list' && more.kind === 'list') {
    const all = [...node.items];
    const places = new Map(namesOf(all, items.identity).map((name, i) => [name, i]));
    const names = namesOf(more.items, items.identity);
    for (const [i, item] of more.items.entries()) {
      const at = items.identity === null ? undefined : places.get(names[i] as string);
      if (at === undefined) all.push(item);
      else all[at] = mergeInto(all[at], item, items.each);
    }
    return withItems(node, all);
  }
  if (grammar.many && node.kind !== 'map' && more.kind !== 'map') {
    const all = [...itemsOf(node)];
    const texts = new Set(all.map((one) => (one.kind === 'scalar' ? one.value : '')));
    for (const one of itemsOf(more))
      if (one.kind !== 'scalar' || !texts.has(one.value)) all.push(one);
    return { kind: 'list', items: all, offset: 0, end: 0 };
  }
  return more;
}
