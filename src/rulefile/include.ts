// SPDX-License-Identifier: BSD-3-Clause
import { posix } from 'node:path';
import type { Collector, Span } from '../diagnostics/collect.js';
import type { Source, Sources } from '../diagnostics/source.js';
import { quote } from '../diagnostics/text.js';
import { MOST_FILES, MOST_INCLUDE_DEPTH, MOST_TEXT } from './limits.js';
import { layoutOfKey, NO_LAYOUT, type Layout } from './layout.js';
import { parseText } from './parse.js';
import type { Reader } from './reader.js';
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
  readonly #sources: Sources;
  readonly #reader: Reader;
  readonly #collector: Collector;
  readonly #open: string[] = [];
  #tooMuch = false;

  constructor(sources: Sources, reader: Reader, collector: Collector) {
    this.#sources = sources;
    this.#reader = reader;
    this.#collector = collector;
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
    const fail = (code: 'file-missing' | 'file-unreadable' | 'too-large', message: string) => {
      if (from === null) this.#collector.addFile(code, path, message);
      else this.#collector.add(code, from, message);
      return null;
    };
    if (this.#tooMuch) return null;
    const read = this.#reader(path);
    if (read === null) return fail('file-missing', `there is no file ${quote(path)}`);
    const text = typeof read === 'string' ? read : read.text;
    if (text === undefined) {
      return fail(
        'file-unreadable',
        `${quote(path)} cannot be read: ${(read as { problem: string }).problem}`,
      );
    }
    const size = this.#sources.size + text.length;
    if (size > MOST_TEXT || this.#sources.all.length >= MOST_FILES) {
      this.#tooMuch = true;
      return size > MOST_TEXT
        ? fail('too-large', `the rule file has ${size} characters; the limit is ${MOST_TEXT}`)
        : fail('too-large', `the rule file includes more than ${MOST_FILES} files`);
    }
    const source = this.#sources.add(path, text.startsWith('\ufeff') ? text.slice(1) : text);
    if (typeof read === 'string') return source;
    const offset = source.base + (read.offset ?? 0);
    this.#collector.add(
      'text-invalid',
      { offset, end: offset + 1 },
      `${quote(path)} cannot be read: ${read.problem}`,
    );
    return null;
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
    for (const entry of map.entries) {
      if (entry.key.value === 'include' && !layout.ownInclude) found = entry;
      else if (entry.value.kind !== 'scalar') {
        this.#resolve(entry.value, path, layoutOfKey(layout, entry.key.value));
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

  #included(entry: Entry, path: string, layout: Layout): Included[] {
    const { value } = entry;
    const names = value.kind === 'list' ? value.items : [value];
    const found: Included[] = [];
    for (const name of names) {
      if (name.kind !== 'scalar' || name.value === '') {
        this.#form(name, "'include' names a file or a list of files");
        continue;
      }
      const target = posix.join(posix.dirname(path), name.value);
      const wanted = posix.isAbsolute(name.value) ? name.value : target;
      if (!this.#mayOpen(posix.normalize(wanted), name)) {
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
