// SPDX-License-Identifier: BSD-3-Clause
import { layoutOfKey, NO_LAYOUT, type Layout } from '../../rulefile/layout.js';
import { ListMemory } from '../../rulefile/lists.js';
import type { MapNode, Node } from '../../rulefile/tree.js';

const NONE: ReadonlySet<string> = new Set();

const maps = new WeakMap<MapNode, ReadonlySet<string>>();
const lists = new ListMemory<Node, ReadonlySet<string>>();

/** Paths of text files that a tree names. */
export function filesNamed(node: Node, layout: Layout): ReadonlySet<string> {
  if (node.kind === 'scalar') {
    const inline = layout.inline?.test(node.value) === true;
    return layout.file && node.value !== '' && !inline ? new Set([node.value]) : NONE;
  }
  if (node.kind === 'list')
    return ofItems(node.items, layout.file ? layout : (layout.each ?? NO_LAYOUT));
  // Asked again it has not changed.
  let found = maps.get(node);
  if (found === undefined) {
    found = NONE;
    for (const { key, value } of node.entries)
      found = both(found, filesNamed(value, layoutOfKey(layout, key.value)));
    maps.set(node, found);
  }
  return found;
}

function ofItems(items: readonly Node[], each: Layout): ReadonlySet<string> {
  const before = lists.find(items);
  // Which of its items named what is not known of a list.
  const { from, rest } = before?.made.size === 0 ? before : { from: 0, rest: 0 };
  let found = NONE;
  for (let i = from; i < items.length - rest; i++)
    found = both(found, filesNamed(items[i] as Node, each));
  lists.keep(items, found);
  return found;
}

function both(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  if (b.size === 0) return a;
  return a.size === 0 ? b : new Set([...a, ...b]);
}
