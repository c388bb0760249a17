// SPDX-License-Identifier: BSD-3-Clause
import { nearest } from '../../diagnostics/suggest.js';
import { quote } from '../../diagnostics/text.js';
import type { EditError, Operation, Words } from '../../rulefile/config.js';
import { entryOf, type Node } from '../../rulefile/tree.js';
import { grammar } from '../grammar.js';
import { expectedAt, fault, locate, locateAll, type Fault, type Step } from './locate.js';
import {
  asMap,
  indexOfItem,
  list,
  map,
  namesOf,
  newItem,
  scalar,
  withEntries,
  withItems,
} from './nodes.js';
import { change, find } from './place.js';
import { renamed } from './rename.js';

export type Load = Extract<Operation, { readonly text: string }>;
type Plain = Exclude<Operation, Load>;

export function isLoad(operation: Operation): operation is Load {
  return operation.op === 'load-merge' || operation.op === 'load-replace';
}

export type Outcome = { readonly root: Node } | Fault;

/** A tree with one operation done, or why it cannot be. */
export function edit(root: Node, operation: Plain): Outcome {
  switch (operation.op) {
    case 'set':
      return set(root, operation.path);
    case 'delete':
      return remove(root, operation.path);
    case 'activate':
    case 'deactivate':
      return mark(root, operation.path, operation.op === 'deactivate');
    case 'rename':
    case 'copy':
      return name(root, operation.path, operation.to, operation.op === 'copy');
    case 'insert':
      return insert(root, operation);
  }
}

export function refusedAt(operation: number, fault: Fault): EditError {
  return { operation, ...fault };
}

function set(root: Node, path: Words): Outcome {
  const all = locateAll(grammar().root, path);
  if ('message' in all) return all;
  let node: Node = root;
  for (const steps of all) {
    const last = steps.at(-1);
    if (last === undefined || (last.kind === 'key' && isLeaf(last)))
      return fault(
        path.length,
        'a value is missing here',
        expectedAt(last?.grammar ?? grammar().root),
      );
    if (identifies(steps)) return fault(path.length - 1, 'rename gives another name', []);
    node = change(node, steps, (old) => made(old, last)) ?? map([]);
  }
  return { root: node };
}

/** What `set` leaves at the end of a path: it is there, whatever it was. */
function made(old: Node | undefined, step: Step): Node {
  if (old !== undefined) return old;
  if (step.kind === 'value') return scalar(step.word);
  if (step.kind === 'item') return newItem(step.within, step.word);
  return step.grammar.items === undefined ? map([]) : list([]);
}

function isLeaf({ grammar: { value, names, items } }: Step): boolean {
  return value !== undefined && names === undefined && items === undefined;
}

/** The name of an item is no key like others. */
function identifies(steps: readonly Step[]): boolean {
  const [item, key] = steps.slice(-3, -1);
  return item?.kind === 'item' && key?.word === item.within.items?.identity;
}

function remove(root: Node, path: Words): Outcome {
  const steps = located(root, path);
  if ('message' in steps) return steps;
  if (steps.length === 0) return { root: map([]) };
  return { root: pruned(change(root, steps, () => undefined) ?? map([]), steps.slice(0, -1)) };
}

/** Maps and lists on the way that have nothing left go too, but for names, items and what must be. */
function pruned(root: Node, way: readonly Step[]): Node {
  const last = way.at(-1);
  if (last === undefined) return root;
  const node = find(root, way);
  const empty =
    node?.kind === 'map'
      ? node.entries.length === 0
      : node?.kind === 'list' && node.items.length === 0;
  if (node !== undefined && !(empty && last.kind === 'key' && !last.grammar.required)) return root;
  return pruned(change(root, way, () => undefined) ?? map([]), way.slice(0, -1));
}

/** A path to something that is written. */
function located(root: Node, path: Words): readonly Step[] | Fault {
  const found = locate(grammar().root, path);
  if ('message' in found) return found;
  const { steps } = found;
  for (let i = 1; i <= steps.length; i++) {
    if (find(root, steps.slice(0, i)) !== undefined) continue;
    const word = path[i - 1] ?? '';
    const there = childrenOf(find(root, steps.slice(0, i - 1)), steps[i - 1] as Step);
    const suggestion = nearest(word, there);
    return {
      word: i - 1,
      message: `there is no ${quote(word)} here`,
      expected: there.slice(0, 100),
      suggestions: suggestion === null ? [] : [suggestion],
    };
  }
  return steps;
}

function childrenOf(node: Node | undefined, { kind, within }: Step): string[] {
  if (node?.kind === 'map') return node.entries.map(({ key }) => key.value);
  if (node?.kind === 'list' && kind === 'item')
    return namesOf(node.items, within.items?.identity ?? null);
  if (node?.kind === 'list')
    return node.items.flatMap((one) => (one.kind === 'scalar' ? [one.value] : []));
  return node?.kind === 'scalar' ? [node.value] : [];
}

function mark(root: Node, path: Words, inactive: boolean): Outcome {
  const steps = located(root, path);
  if ('message' in steps) return steps;
  if (steps.length === 0) return fault(0, 'not everything at once', []);
  const marked = change(root, steps, (old) => {
    if (old === undefined || (old.inactive === true) === inactive) return old;
    if (inactive) return { ...old, inactive: true };
    const active = { ...old };
    delete active.inactive;
    return active;
  });
  return { root: marked ?? root };
}

function name(root: Node, path: Words, to: string, keep: boolean): Outcome {
  const steps = located(root, path);
  if ('message' in steps) return steps;
  const last = steps.at(-1);
  const identity = last?.within.items?.identity ?? null;
  if (last === undefined || (last.kind !== 'name' && (last.kind !== 'item' || identity === null)))
    return fault(path.length - 1, 'only names change', []);
  const again = locate(grammar().root, [...path.slice(0, -1), to]);
  if ('message' in again) return { ...again, word: path.length };
  if (find(root, again.steps) !== undefined)
    return fault(path.length, `there is a ${quote(to)} already`, []);
  const parent = change(root, steps.slice(0, -1), (node) => {
    if (node?.kind === 'map') {
      const entries = node.entries.flatMap((one) => {
        if (one.key.value !== last.word) return [one];
        const other = { key: scalar(to), value: one.value };
        return keep ? [one, other] : [other];
      });
      return withEntries(node, entries);
    }
    if (node?.kind !== 'list' || identity === null) return node;
    const at = indexOfItem(node.items, identity, last.word);
    const item = asMap(node.items[at]) ?? map([]);
    const other = withEntries(
      item,
      item.entries.map((one) =>
        one.key.value === identity ? { key: one.key, value: scalar(to) } : one,
      ),
    );
    return withItems(node, node.items.toSpliced(at + (keep ? 1 : 0), keep ? 0 : 1, other));
  });
  const all = parent ?? root;
  // What named it goes on naming it: another thing of the old name may come later.
  return { root: keep ? all : renamed(all, path, to) };
}

function insert(
  root: Node,
  { path, where, anchor }: Extract<Operation, { readonly op: 'insert' }>,
): Outcome {
  const found = locate(grammar().root, path);
  if ('message' in found) return found;
  const last = found.steps.at(-1);
  if (last?.kind !== 'item')
    return fault(Math.max(0, path.length - 1), 'only items of lists have an order', []);
  const identity = last.within.items?.identity ?? null;
  const way = found.steps.slice(0, -1);
  const items = find(root, way);
  const there = items?.kind === 'list' ? items.items : [];
  const relative = where === 'before' || where === 'after';
  if (relative && (anchor === undefined || indexOfItem(there, identity, anchor) < 0)) {
    const names = namesOf(there, identity);
    if (anchor === undefined) return fault(path.length + 1, `${where} what?`, names);
    return fault(path.length + 1, `there is no ${quote(anchor)} here`, names, anchor);
  }
  if (anchor === last.word && relative) return { root };
  const moved = change(root, way, (node) => {
    const old = node?.kind === 'list' ? node : list([]);
    const from = indexOfItem(old.items, identity, last.word);
    const item = old.items[from] ?? newItem(last.within, last.word);
    const rest = from < 0 ? old.items : old.items.toSpliced(from, 1);
    const at = anchor === undefined ? -1 : indexOfItem(rest, identity, anchor);
    const to = { first: 0, last: rest.length, before: at, after: at + 1 }[where];
    return to === from ? old : withItems(old, rest.toSpliced(to, 0, item));
  });
  return { root: moved ?? root };
}

/** Whether a map has the key; for what asks a tree one thing. */
export function valueOf(root: Node, key: string): string | undefined {
  const value = root.kind === 'map' ? entryOf(root, key)?.value : undefined;
  return value?.kind === 'scalar' ? value.value : undefined;
}
