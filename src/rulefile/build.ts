// SPDX-License-Identifier: BSD-3-Clause
import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event } from 'js-yaml';
import type { Collector } from '../diagnostics/collect.js';
import type { Source } from '../diagnostics/source.js';
import { quote } from '../diagnostics/text.js';
import type { ListNode, MapNode, Node, ScalarNode } from './tree.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
/** An open list or map; `key` waits for its value, `seen` is made once a map has many keys. */
interface Frame {
  readonly node: Writable<ListNode> | Writable<MapNode> | null;
  key: ScalarNode | null;
  seen: Map<string, ScalarNode> | null;
  /** The key is written twice or is no text: its value is read and left out. */
  skip: boolean;
}

const MANY_KEYS = 12;

/** Makes the tree of the single document in an event stream, and reports what YAML allows and we do not. */
export function buildTree(
  source: Source,
  events: readonly Event[],
  collector: Collector,
): Node | null {
  return new Builder(source, collector).build(events);
}

class Builder {
  readonly #source: Source;
  readonly #collector: Collector;
  readonly #stack: Frame[] = [];
  #frame: Frame = { node: null, key: null, seen: null, skip: false };
  #root: Node | null = null;
  #documents = 0;
  /** End of the last thing read, the place of a value that is not there. */
  #last: number;
  #failed = false;

  constructor(source: Source, collector: Collector) {
    this.#source = source;
    this.#collector = collector;
    this.#last = source.base;
  }

  build(events: readonly Event[]): Node | null {
    for (const event of events) {
      if (event.type === EVENT_ID.DOCUMENT && ++this.#documents > 1) {
        this.#secondDocument();
        return null;
      }
      this.#take(event);
    }
    if (this.#failed || this.#root === null) return null;
    if (this.#root.kind === 'scalar' && this.#root.value === '' && !this.#root.quoted) {
      const hint = 'the smallest rule file is: version: 1';
      this.#collector.add('file-empty', this.#root, 'there is nothing in this file', { hint });
      return null;
    }
    return this.#root;
  }

  #take(event: Event): void {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        if (event.directives.length > 0) this.#feature(this.#source.base, 1, 'directives');
        this.#push({ node: null, key: null, seen: null, skip: false });
        break;
      case EVENT_ID.SCALAR: {
        this.#properties(event);
        this.#value(this.#scalar(event));
        break;
      }
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING: {
        this.#properties(event);
        const offset = this.#source.base + event.start;
        this.#last = offset + 1;
        const node =
          event.type === EVENT_ID.SEQUENCE
            ? { kind: 'list' as const, offset, end: offset + 1, items: [] }
            : { kind: 'map' as const, offset, end: offset + 1, entries: [] };
        this.#value(node);
        this.#push({ node, key: null, seen: null, skip: false });
        break;
      }
      case EVENT_ID.ALIAS: {
        const start = event.anchorStart - 1;
        this.#feature(this.#source.base + start, event.anchorEnd - start, 'aliases');
        // What stands here is not known, and errors that follow from that would only confuse.
        this.#failed = true;
        const offset = this.#source.base + start;
        this.#value({ kind: 'scalar', offset, end: offset + 1, value: '', quoted: false });
        break;
      }
      case EVENT_ID.POP: {
        const { node } = this.#frame;
        if (node !== null && this.#last > node.end) node.end = this.#last;
        this.#frame = this.#stack.pop() as Frame;
        break;
      }
    }
  }

  #scalar(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>): ScalarNode {
    const { base, text } = this.#source;
    if (event.valueStart < 0) {
      return { kind: 'scalar', offset: this.#last, end: this.#last, value: '', quoted: false };
    }
    const quoted = event.style !== SCALAR_STYLE.PLAIN;
    // The offsets of a quoted scalar exclude its quotes; the place of the value includes them.
    const around =
      event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
        ? 1
        : 0;
    const offset = base + event.valueStart - around;
    const end = base + event.valueEnd + around;
    this.#last = end;
    return { kind: 'scalar', offset, end, value: getScalarValue(text, event), quoted };
  }

  /** Puts a node where it belongs: into the list, or as the key or value of the map that is open. */
  #value(node: Node): void {
    const frame = this.#frame;
    if (frame.node === null) {
      this.#root = node;
    } else if (frame.node.kind === 'list') {
      frame.node.items.push(node);
    } else if (frame.key === null) {
      this.#key(frame, frame.node, node);
    } else {
      if (!frame.skip) frame.node.entries.push({ key: frame.key, value: node });
      frame.key = null;
      frame.skip = false;
    }
  }

  #key(frame: Frame, map: MapNode, node: Node): void {
    if (node.kind !== 'scalar') {
      this.#collector.add('key-not-text', node, 'a key is plain text, not a list or a map');
      frame.key = { kind: 'scalar', offset: node.offset, end: node.end, value: '', quoted: false };
      frame.skip = true;
      return;
    }
    frame.key = node;
    if (node.value === '<<' && !node.quoted) {
      this.#feature(node.offset, 2, 'merge keys');
      frame.skip = true;
      return;
    }
    const first = this.#first(frame, map, node);
    if (first !== undefined) {
      this.#collector.add('duplicate-key', node, `key ${quote(node.value)} is written twice`, {
        related: [{ span: first, message: 'first written here' }],
      });
      frame.skip = true;
    }
  }

  /** The key of the same text that came before, if any. */
  #first(frame: Frame, map: MapNode, key: ScalarNode): ScalarNode | undefined {
    const { entries } = map;
    if (frame.seen === null) {
      if (entries.length < MANY_KEYS) {
        for (const entry of entries) if (entry.key.value === key.value) return entry.key;
        return undefined;
      }
      frame.seen = new Map(entries.map((entry) => [entry.key.value, entry.key]));
    }
    const first = frame.seen.get(key.value);
    if (first === undefined) frame.seen.set(key.value, key);
    return first;
  }

  #push(frame: Frame): void {
    this.#stack.push(this.#frame);
    this.#frame = frame;
  }

  #properties(event: { anchorStart: number; anchorEnd: number; tagStart: number; tagEnd: number }) {
    const { base } = this.#source;
    if (event.anchorStart >= 0) {
      const start = event.anchorStart - 1;
      this.#feature(base + start, event.anchorEnd - start, 'anchors');
    }
    if (event.tagStart >= 0) {
      this.#feature(base + event.tagStart, event.tagEnd - event.tagStart, 'tags');
    }
  }

  #feature(offset: number, length: number, what: string): void {
    const span = { offset, end: offset + length };
    this.#collector.add('yaml-feature', span, `YAML ${what} are not part of the language`);
  }

  #secondDocument(): void {
    const { base, text } = this.#source;
    // The parser gives documents no offset; the separator after the last thing read is the place.
    const from = this.#last - base;
    const found = /^(---|\.\.\.)/m.exec(text.slice(from));
    const offset = base + from + (found?.index ?? 0);
    const span = { offset, end: offset + 3 };
    this.#collector.add('yaml-documents', span, 'a rule file is a single YAML document', {
      hint: "put parts into files of their own and write 'include: FILE'",
    });
  }
}
