// SPDX-License-Identifier: BSD-3-Clause
import { entryOf, type Entry, type Node } from '../../rulefile/tree.js';
import type { Step } from './locate.js';
import {
  asMap,
  indexOfItem,
  itemsOf,
  list,
  map,
  newItem,
  scalar,
  withEntries,
  withItems,
} from './nodes.js';

/** What a change makes of a place: undefined is nothing there, before and after. */
export type Change = (node: Node | undefined) => Node | undefined;

/** What stands at a path; undefined for nothing. */
export function find(root: Node, steps: readonly Step[]): Node | undefined {
  let node: Node | undefined = root;
  for (const step of steps) {
    if (node === undefined) return undefined;
    node = below(node, step);
  }
  return node;
}

function below(node: Node, { kind, word, within }: Step): Node | undefined {
  switch (kind) {
    case 'key':
    case 'name': {
      if (node.kind === 'map') return entryOf(node, word)?.value;
      // Where a set of values may be written as a map too, plain values are what it includes.
      return kind === 'key' && word === 'include' && within.many ? node : undefined;
    }
    case 'item': {
      const items = itemsOf(node);
      return items[indexOfItem(items, within.items?.identity ?? null, word)];
    }
    case 'value':
      return itemsOf(plainValues(node)).find((one) => one.kind === 'scalar' && one.value === word);
  }
}

/** The values of a place that may also be a map that includes them. */
export function plainValues(node: Node): Node | undefined {
  return node.kind === 'map' ? entryOf(node, 'include')?.value : node;
}

/** The tree with the place at a path changed; what is missing on the way is made. */
export function change(
  node: Node | undefined,
  steps: readonly Step[],
  by: Change,
): Node | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return by(node);
  switch (step.kind) {
    case 'key':
    case 'name':
      return changeEntry(node, step, rest, by);
    case 'item':
      return changeItem(node, step, rest, by);
    case 'value':
      return changeValue(node, step, by);
  }
}

function changeEntry(
  node: Node | undefined,
  step: Step,
  rest: readonly Step[],
  by: Change,
): Node | undefined {
  const { word, kind, within } = step;
  const old = asMap(node) ?? asSet(node as Node, word, within.keys !== undefined && within.many);
  const at = old.entries.findIndex(({ key }) => key.value === word);
  const before = old.entries[at];
  const value = change(before?.value, rest, by);
  if (value === before?.value) return node;
  const entries: Entry[] = [...old.entries];
  if (value !== undefined && before !== undefined) entries[at] = { key: before.key, value };
  else if (value !== undefined) entries.push({ key: scalar(word), value });
  else entries.splice(at, 1);
  // A map of keys that has none left is as good as none; a name or an item stays, as does what must be.
  const made = withEntries(old, kind === 'key' ? inOrder(entries, within.keys) : entries);
  return made;
}

/** A set of values becomes a map that includes them; a single value gives way to a map. */
function asSet(node: Node, key: string, isSet: boolean) {
  const keeps = isSet && (key === 'include' || key === 'from-file' || key === 'except');
  return map(keeps ? [{ key: scalar('include'), value: node }] : []);
}

/** Keys stand in the order of the language. */
function inOrder(entries: Entry[], keys: object | undefined): Entry[] {
  const order = new Map(Object.keys(keys ?? {}).map((key, i) => [key, i]));
  const place = ({ key }: Entry): number => order.get(key.value) ?? order.size;
  return entries.toSorted((a, b) => place(a) - place(b));
}

function changeItem(
  node: Node | undefined,
  step: Step,
  rest: readonly Step[],
  by: Change,
): Node | undefined {
  const { word, within } = step;
  const old = node?.kind === 'list' ? node : list([]);
  const at = indexOfItem(old.items, within.items?.identity ?? null, word);
  const before = old.items[at];
  const value = change(before ?? (rest.length > 0 ? newItem(within, word) : undefined), rest, by);
  if (value === before) return node;
  const items = [...old.items];
  if (value !== undefined && before !== undefined) items[at] = value;
  else if (value !== undefined) items.push(value);
  else items.splice(at, 1);
  return withItems(old, items);
}

function changeValue(node: Node | undefined, { word, within }: Step, by: Change): Node | undefined {
  if (!within.many) {
    const own = node?.kind === 'scalar' && node.value === word ? node : undefined;
    return by(own);
  }
  if (node?.kind === 'map') {
    const include = { kind: 'key', word: 'include', within, grammar: within } as const;
    const only = node.entries.every(({ key }) =>
      ['include', 'from-file', 'except'].includes(key.value),
    );
    if (only)
      return changeEntry(node, include, [{ kind: 'value', word, within, grammar: within }], by);
  }
  const items = node?.kind === 'map' ? [] : itemsOf(node);
  const at = items.findIndex((one) => one.kind === 'scalar' && one.value === word);
  const before = items[at];
  const value = by(before);
  if (value === before) return node;
  const made = [...items];
  if (value !== undefined && before !== undefined) made[at] = value;
  else if (value !== undefined) made.push(value);
  else made.splice(at, 1);
  if (made.length === 0) return undefined;
  return node?.kind === 'list' ? withItems(node, made) : list(made);
}
