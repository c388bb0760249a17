// SPDX-License-Identifier: BSD-3-Clause
import { posix } from 'node:path';
import type { Collector, Span } from '../diagnostics/collect.js';
import type { Source } from '../diagnostics/source.js';
import { quote } from '../diagnostics/text.js';
import { MOST_INCLUDE_DEPTH } from './limits.js';
import { layoutOfKey, NO_LAYOUT, type Layout } from './layout.js';
import { parseText } from './parse.js';
import { readSource, type Reading } from './read.js';
import {
  entryOf,
  type Entry,
  type ListNode,
  type MapNode,
  type Node,
  type ScalarNode,
} from './tree.js';

interface Included {
  readonly node: Node;
  /** The name in the text that includes it. */
  readonly by: ScalarNode;
}

/** Reads a rule file and what it includes to one tree; null after an error that leaves none. */
export class Includer {
  readonly #reading: Reading;
  readonly #collector: Collector;
  readonly #open: string[] = [];
  #tooMuch = false;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#collector = reading.collector;
  }

  /** Reads `path`; `from` is the place that includes it, null for the first file. */
  load(path: string, from: ScalarNode | null, layout: Layout): Node | null {
    const source = this.#read(path, from);
    if (source === null) return null;
    const node = parseText(source, this.#collector);
    if (node === null) return null;
    this.#open.push(posix.normalize(path));
    // A list takes in a single map as one item.
    const item = node.kind === 'map' && layout.list;
    this.#resolve(node, path, item ? (layout.each ?? NO_LAYOUT) : layout);
    this.#open.pop();
    return node;
  }

  #read(path: string, from: ScalarNode | null): Source | null {
    if (this.#tooMuch) return null;
    const source = readSource(path, from, this.#reading);
    if (source === 'too-much') this.#tooMuch = true;
    return typeof source === 'string' ? null : source;
  }

  /** Puts what is included in its place, in the node itself. */
  #resolve(node: Node, path: string, layout: Layout): void {
    if (node.kind === 'list') this.#list(node, path, layout);
    else if (node.kind === 'map') this.#map(node, path, layout);
  }

  #list(list: ListNode, path: string, layout: Layout): void {
    // Most lists hold scalars: they stay as they are.
    if (list.items.every((item) => item.kind === 'scalar')) return;
    const below = layout.each ?? NO_LAYOUT;
    const items: Node[] = [];
    for (const item of list.items) {
      const only = item.kind === 'map' && item.entries.length === 1 && !below.ownInclude;
      const include = only ? entryOf(item, 'include') : undefined;
      if (include === undefined) {
        this.#resolve(item, path, below);
        items.push(item);
      } else {
        for (const included of this.#included(include, path, layout)) splice(items, included.node);
      }
    }
    list.items.length = 0;
    for (const item of items) list.items.push(item);
  }

  #map(map: MapNode, path: string, layout: Layout): void {
    let found: Entry | undefined;
    for (const [i, entry] of map.entries.entries()) {
      const { key, value } = entry;
      if (key.value === 'include' && !layout.ownInclude) found = entry;
      else {
        const below = layoutOfKey(layout, key.value);
        if (below.file) map.entries[i] = { key, value: this.#named(value, path, below) };
        else if (value.kind !== 'scalar') this.#resolve(value, path, below);
      }
    }
    if (found === undefined) return;
    const rest = map.entries.filter((entry) => entry !== found);
    map.entries.length = 0;
    for (const entry of rest) map.entries.push(entry);
    for (const { node, by } of this.#included(found, path, layout)) {
      if (node.kind === 'map') merge(map, node.entries, layout, this.#collector);
      else {
        const holds = node.kind === 'list' ? 'a list' : 'text';
        this.#form(by, `a map takes in a map, and ${quote(by.value)} holds ${holds}`);
      }
    }
  }

  /** Reads the files of text that a value names; the value then has their paths as they are opened. */
  #named(value: Node, path: string, layout: Layout): Node {
    if (value.kind === 'list')
      return { ...value, items: value.items.map((item) => this.#named(item, path, layout)) };
    if (value.kind === 'map' || value.value === '') return value;
    if (layout.inline?.test(value.value) === true) return value;
    const wanted = resolved(path, value.value);
    if (this.#reading.sources.find(wanted) === undefined) this.#read(wanted, value);
    return { ...value, value: wanted };
  }

  #included(entry: Entry, path: string, layout: Layout): Included[] {
    const { value } = entry;
    const names = value.kind === 'list' ? value.items : [value];
    const found: Included[] = [];
    for (const name of names) {
      if (name.kind !== 'scalar' || name.value === '') {
        this.#form(name, "'include' names a file or a list of files");
        continue;
      }
      const wanted = resolved(path, name.value);
      if (!this.#mayOpen(wanted, name)) {
        this.#collector.partial = true;
        continue;
      }
      const node = this.load(wanted, name, layout);
      if (node === null) this.#collector.partial = true;
      else found.push({ node, by: name });
    }
    return found;
  }

  #mayOpen(path: string, by: ScalarNode): boolean {
    if (this.#open.includes(path)) {
      const way = [...this.#open.slice(this.#open.indexOf(path)), path].join(' -> ');
      this.#collector.add('include-cycle', by, `the file includes itself: ${way}`);
      return false;
    }
    if (this.#open.length >= MOST_INCLUDE_DEPTH) {
      this.#collector.add(
        'too-deep',
        by,
        `files include one another more than ${MOST_INCLUDE_DEPTH} deep`,
      );
      return false;
    }
    return true;
  }

  #form(span: Span, message: string): void {
    this.#collector.add('include-form', span, message);
  }
}

/** The path of a file that `from` names. */
function resolved(from: string, name: string): string {
  return posix.isAbsolute(name) ? posix.normalize(name) : posix.join(posix.dirname(from), name);
}

/** Puts an included list, or anything else as one item, into a list. */
function splice(items: Node[], node: Node): void {
  if (node.kind === 'list') for (const item of node.items) items.push(item);
  else items.push(node);
}

/** Adds entries to a map; keys of both are duplicates unless both are sections. */
function merge(
  map: MapNode,
  entries: readonly Entry[],
  layout: Layout,
  collector: Collector,
): void {
  const known = new Map(map.entries.map((entry) => [entry.key.value, entry]));
  for (const entry of entries) {
    const name = entry.key.value;
    const first = known.get(name);
    const below = layoutOfKey(layout, name);
    if (first === undefined) {
      known.set(name, entry);
      map.entries.push(entry);
    } else if (below.section && first.value.kind === 'map' && entry.value.kind === 'map') {
      merge(first.value, entry.value.entries, below, collector);
    } else {
      collector.add('duplicate-key', entry.key, `${quote(name)} is defined in two files`, {
        related: [{ span: first.key, message: 'first defined here' }],
      });
    }
  }
}
