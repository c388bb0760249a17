// SPDX-License-Identifier: BSD-3-Clause
import type { GrammarNode } from '../../rulefile/grammar.js';
import { ListMemory } from '../../rulefile/lists.js';
import {
  entryOf,
  isAbsent,
  type Entry,
  type ListNode,
  type MapNode,
  type Node,
  type ScalarNode,
} from '../../rulefile/tree.js';

/*
 * Trees that are edited are the trees rule files are read to. They are never changed: an edit copies
 * what lies on the way to its place, and all else is shared with the tree before.
 */

/** Nothing of it is written anywhere. */
const NOWHERE = { offset: 0, end: 0 } as const;

export function scalar(value: string): ScalarNode {
  // Unquoted text of these forms would read as nothing.
  return { kind: 'scalar', value, quoted: /^(|~|null)$/.test(value), ...NOWHERE };
}

export function list(items: Node[]): ListNode {
  return { kind: 'list', items, ...NOWHERE };
}

export function map(entries: Entry[]): MapNode {
  return { kind: 'map', entries, ...NOWHERE };
}

const origins = new WeakMap<ListNode, ListNode>();

/** The same place with another list or map in it: marks stay. */
export function withItems(node: ListNode, items: Node[]): ListNode {
  const made = { ...node, items };
  // Of many edits in a row the first list alone stays, not all between.
  origins.set(made, origins.get(node) ?? node);
  return made;
}

/** The list an edit made a list of, until it is taken. */
export function takeOrigin(node: ListNode): ListNode | undefined {
  const origin = origins.get(node);
  origins.delete(node);
  return origin;
}

export function withEntries(node: MapNode, entries: Entry[]): MapNode {
  return { ...node, entries };
}

const marks = new WeakMap<MapNode, boolean>();

const markedLists = new ListMemory<Node, boolean>();

function anyMarks(items: readonly Node[]): boolean {
  const before = markedLists.find(items);
  const { from, rest } = before?.made === false ? before : { from: 0, rest: 0 };
  let found = false;
  for (let i = from; i < items.length - rest && !found; i++) found = hasMarks(items[i] as Node);
  markedLists.keep(items, found);
  return found;
}

/** Whether anything in it is inactive; known of what was asked before. */
export function hasMarks(node: Node): boolean {
  if (node.inactive === true) return true;
  if (node.kind === 'list') return anyMarks(node.items);
  if (node.kind === 'scalar') return false;
  let found = marks.get(node);
  if (found === undefined) {
    found = node.entries.some(({ value }) => hasMarks(value));
    marks.set(node, found);
  }
  return found;
}

/** A map, also where nothing is written; undefined for anything else. */
export function asMap(node: Node | undefined): MapNode | undefined {
  if (node === undefined || isAbsent(node)) return map([]);
  return node.kind === 'map' ? node : undefined;
}

/** The items of a list, or the one value that stands for a list of one. */
export function itemsOf(node: Node | undefined): readonly Node[] {
  if (node === undefined || isAbsent(node)) return [];
  return node.kind === 'list' ? node.items : [node];
}

/** The value of the key that names an item; its number where none does. */
export function nameOf(item: Node, identity: string | null, index: number): string {
  if (identity === null || item.kind !== 'map') return String(index + 1);
  const value = entryOf(item, identity)?.value;
  return value?.kind === 'scalar' ? value.value : '';
}

/** The names of items as paths have them: the second of the same name is NAME#2. */
export function namesOf(items: readonly Node[], identity: string | null): string[] {
  const names = items.map((item, i) => nameOf(item, identity, i));
  if (new Set(names).size === names.length) return names;
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}

/** The index of the item a path names, -1 where there is none. */
export function indexOfItem(items: readonly Node[], identity: string | null, name: string): number {
  const plain = items.findIndex((item, i) => nameOf(item, identity, i) === name);
  return plain >= 0 || !name.includes('#') ? plain : namesOf(items, identity).indexOf(name);
}

/** An item with its name, otherwise empty. */
export function newItem(grammar: GrammarNode, name: string): MapNode {
  const identity = grammar.items?.identity ?? null;
  return map(identity === null ? [] : [{ key: scalar(identity), value: scalar(name) }]);
}
