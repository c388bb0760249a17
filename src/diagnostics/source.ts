// SPDX-License-Identifier: BSD-3-Clause
import type { Position } from './position.js';

/** One text and where its lines start. */
export class Source {
  readonly path: string;
  readonly text: string;
  /** Offset of the text within all texts of one load. */
  readonly base: number;
  #lines: number[] | undefined;

  constructor(path: string, text: string, base: number) {
    this.path = path;
    this.text = text;
    this.base = base;
  }

  /** Position of an offset into this text. */
  position(offset: number): Position {
    const lines = this.#lineStarts();
    let low = 0;
    let high = lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((lines[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.path, line: low + 1, column: offset - (lines[low] as number) + 1 };
  }

  /** Offset into this text of a position in it. */
  offset({ line, column }: { readonly line: number; readonly column: number }): number {
    return (this.#lineStarts()[line - 1] ?? this.text.length) + column - 1;
  }

  /** Text of a line, counted from 1, without its end. */
  line(number: number): string {
    const lines = this.#lineStarts();
    const start = lines[number - 1] ?? this.text.length;
    return this.text.slice(start, lines[number] ?? this.text.length).replace(/[\r\n]+$/, '');
  }

  #lineStarts(): number[] {
    if (this.#lines !== undefined) return this.#lines;
    const starts = [0];
    const { text } = this;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === 10 || (c === 13 && text.charCodeAt(i + 1) !== 10)) starts.push(i + 1);
    }
    this.#lines = starts;
    return starts;
  }
}

/** The texts of one load, in one row of offsets: a number alone names a place in any of them. */
export class Sources {
  readonly #all: Source[] = [];
  readonly #byPath = new Map<string, Source>();
  #end = 0;

  get all(): readonly Source[] {
    return this.#all;
  }

  /** Characters of all texts. */
  get size(): number {
    return this.#end;
  }

  add(path: string, text: string): Source {
    const source = new Source(path, text, this.#end);
    this.#all.push(source);
    this.#byPath.set(path, source);
    this.#end += text.length + 1;
    return source;
  }

  /** The text of a file, if it was read. */
  find(path: string): Source | undefined {
    return this.#byPath.get(path);
  }

  /** The text an offset lies in. */
  of(offset: number): Source {
    let low = 0;
    let high = this.#all.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#all[middle] as Source).base <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#all[low] as Source;
  }

  position(offset: number): Position {
    const source = this.of(offset);
    return source.position(offset - source.base);
  }
}
