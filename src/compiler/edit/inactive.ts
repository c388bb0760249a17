// SPDX-License-Identifier: BSD-3-Clause
import type { Collector } from '../../diagnostics/collect.js';
import { quote } from '../../diagnostics/text.js';
import { entryOf, type Node } from '../../rulefile/tree.js';
import { wordsOf } from '../../rulefile/words.js';
import { grammar } from '../grammar.js';
import { locate } from './locate.js';
import { hasMarks, itemsOf, map } from './nodes.js';
import { change, find } from './place.js';

/** The tree with what its key `inactive` names marked, and without the key. */
export function marked(root: Node, collector: Collector): Node {
  const entry = root.kind === 'map' ? entryOf(root, 'inactive') : undefined;
  if (root.kind !== 'map' || entry === undefined || entry.value.kind === 'map') return root;
  let tree: Node = { ...root, entries: root.entries.filter((one) => one !== entry) };
  for (const one of itemsOf(entry.value)) {
    if (one.kind !== 'scalar') continue;
    const words = wordsOf(one.value) ?? [];
    const located = locate(grammar().root, words);
    const steps = 'message' in located ? [] : located.steps;
    if (steps.length === 0 || find(tree, steps) === undefined) {
      collector.add('inactive-unknown', one, `nothing is written at ${quote(one.value)}`);
      continue;
    }
    tree =
      change(tree, steps, (old) => (old === undefined ? old : { ...old, inactive: true })) ??
      map([]);
  }
  return tree;
}

/** The tree without what is marked; parts without marks are the same. */
export function activePart(node: Node): Node {
  if (!hasMarks(node)) return node;
  if (node.kind === 'list') {
    const items = node.items.filter((one) => one.inactive !== true).map(activePart);
    return same(items, node.items) ? node : { ...node, items };
  }
  if (node.kind === 'scalar') return node;
  const entries = node.entries.flatMap((one) => {
    if (one.value.inactive === true) return [];
    const value = activePart(one.value);
    return [value === one.value ? one : { key: one.key, value }];
  });
  return same(entries, node.entries) ? node : { ...node, entries };
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}
