// SPDX-License-Identifier: BSD-3-Clause
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml';

/** A JSON document whose objects know the line they begin at. */
export class JsonText {
  readonly value: unknown;
  readonly #lines = new WeakMap<object, number>();

  /** Throws SyntaxError where the text is no JSON. */
  constructor(text: string) {
    this.value = JSON.parse(text) as unknown;
    // JSON is YAML, but for tabs, which no string of it has.
    const counter = new LineCounter();
    try {
      const { contents } = parseDocument(text.replaceAll('\t', ' '), {
        lineCounter: counter,
        uniqueKeys: false,
      });
      this.#walk(this.value, contents, counter);
    } catch {
      // Nested deeper than the parser's stack: lines stay unknown.
    }
  }

  /** From 1; of what has no place of its own that of the document. */
  line(of: object): number {
    return this.#lines.get(of) ?? 1;
  }

  #walk(value: unknown, node: Node | null, counter: LineCounter): void {
    if (typeof value !== 'object' || value === null || node === null) return;
    if (node.range) this.#lines.set(value, counter.linePos(node.range[0]).line);
    if (Array.isArray(value) && isSeq(node))
      value.forEach((one, i) => this.#walk(one, (node.items[i] ?? null) as Node | null, counter));
    else if (isMap(node))
      for (const { key, value: one } of node.items)
        if (isScalar(key) && typeof key.value === 'string')
          this.#walk((value as Record<string, unknown>)[key.value], one as Node | null, counter);
  }
}

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a list; none where it is no list. */
export function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Text that says something, or null. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

/** A number, written as one or as text; null for none. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : null;
}

/** A word that may be written as a number. */
export function wordOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : (textOf(value) ?? '');
}
