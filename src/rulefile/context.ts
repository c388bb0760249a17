// SPDX-License-Identifier: BSD-3-Clause
import type { Code } from '../diagnostics/codes.js';
import { cut, type Collector, type More, type Span } from '../diagnostics/collect.js';
import type { Excerpt } from '../diagnostics/diagnostic.js';
import type { Places, Position } from '../diagnostics/position.js';
import type { Source, Sources } from '../diagnostics/source.js';
import { remade } from './lists.js';
import type { Memory } from './memory.js';
import { entryOf, type Entry, type Node } from './tree.js';

/** Maps with more keys get an index once somebody asks for one. */
const FEW_KEYS = 16;

/** What a check works with: places of loaded values, and somewhere to report to. */
export class Context {
  readonly #sources: Sources;
  readonly #collector: Collector;
  /** The node each loaded object, list and map was made from. */
  readonly #nodes: Map<object, Node> | WeakMap<object, Node>;
  readonly #memory: Memory | null;
  readonly #indexes = new Map<Node, ReadonlyMap<string, Entry>>();

  /** With a memory, values of nodes that stayed since an earlier load are that load's. */
  constructor(sources: Sources, collector: Collector, memory: Memory | null = null) {
    this.#sources = sources;
    this.#collector = collector;
    this.#memory = memory;
    this.#nodes = memory?.nodes ?? new Map<object, Node>();
  }

  /** What `read` makes of a node, remembered where it had nothing to report. */
  remembered(read: (node: Node, context: Context) => unknown, node: Node): unknown {
    if (this.#memory === null || node.kind === 'scalar') return read(node, this);
    const values = this.#memory.valuesOf(read);
    const known = values.get(node);
    if (known !== undefined) return known;
    const before = this.#collector.total;
    const value = read(node, this);
    if (value !== undefined && this.#collector.total === before) values.set(node, value);
    return value;
  }

  /** The same of all items of a list. */
  rememberedAll(
    read: (node: Node, context: Context) => unknown,
    items: readonly Node[],
  ): readonly unknown[] {
    const lists = this.#memory?.listsOf(read);
    const before = this.#collector.total;
    const values = remade(lists?.find(items) ?? null, items, (one) => this.remembered(read, one));
    if (this.#collector.total === before) lists?.keep(items, values);
    return values;
  }

  get errors(): number {
    return this.#collector.errors;
  }

  /** All that was reported so far. */
  get reports(): number {
    return this.#collector.total;
  }

  /** The text of a file that the rule file names, if it was read. */
  text(path: string): Source | undefined {
    return this.#sources.find(path);
  }

  /** Notes where a loaded value was written. */
  place(value: object, node: Node): void {
    this.#nodes.set(value, node);
  }

  report(code: Code, span: Span, message: string, more?: More): void {
    this.#collector.add(code, span, message, more);
  }

  /** Where a value was written: a loaded object, or what it holds under a key or index. */
  at(owner: object, key?: string | number): Span {
    const node = this.#node(owner);
    if (key === undefined) return start(node);
    if (typeof key === 'number')
      return node.kind === 'list' ? start(node.items[key] ?? node) : start(node);
    return start(this.#entry(owner, key)?.value ?? node);
  }

  /** Where a key of a loaded object or map was written. */
  atKey(owner: object, key: string): Span {
    return this.#entry(owner, key)?.key ?? start(this.#node(owner));
  }

  /** Whether the text has the key, even where its value was refused. */
  wrote(owner: object, key: string): boolean {
    return this.#nodes.has(owner) && this.#entry(owner, key) !== undefined;
  }

  positionOf(span: Span): Position {
    return this.#sources.position(span.offset);
  }

  /** What to show of a value's source line in a diagnostic that comes later. */
  excerpt(owner: object, key?: string | number): Excerpt {
    const { offset, end } = this.at(owner, key);
    const source = this.#sources.of(offset);
    const { line, column } = source.position(offset - source.base);
    return cut(source.line(line), column, end - offset);
  }

  position(owner: object, key?: string | number): Position {
    return this.#sources.position(this.at(owner, key).offset);
  }

  /** Where the items of a loaded list were written. */
  places(list: object): Places {
    const node = this.#node(list);
    return this.#sources.places(node.kind === 'list' ? node.items : []);
  }

  #entry(owner: object, key: string): Entry | undefined {
    const node = this.#node(owner);
    if (node.kind !== 'map') return undefined;
    if (node.entries.length <= FEW_KEYS) return entryOf(node, key);
    let index = this.#indexes.get(node);
    if (index === undefined) {
      index = new Map(node.entries.map((entry) => [entry.key.value, entry]));
      this.#indexes.set(node, index);
    }
    return index.get(key);
  }

  #node(owner: object): Node {
    const node = this.#nodes.get(owner);
    if (node === undefined) throw new Error('a value that was not loaded has no place');
    return node;
  }
}

/** The caret of a list or map stands at its start; underlining all of it says no more. */
function start(node: Node): Span {
  return node.kind === 'scalar' ? node : { offset: node.offset, end: node.offset + 1 };
}
