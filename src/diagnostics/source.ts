// SPDX-License-Identifier: BSD-3-Clause
import type { Position } from './position.js';

/** Whole lines of a text: it stands in another place of each text it is in, under the same offsets. */
export interface Piece {
  readonly text: string;
  /** Offset of its beginning, its own for ever. */
  readonly base: number;
  /** Where its lines start. */
  readonly starts: readonly number[];
}

/** Where a piece stands in its text. */
interface Place {
  /** The text's line it begins with. */
  readonly first: number;
  /** Characters of the load before it. */
  readonly rank: number;
  readonly starts?: readonly number[];
}

/** One text, or a piece of one, and where its lines start. */
export class Source {
  readonly path: string;
  readonly text: string;
  /** Offset of the text within all texts of one load. */
  readonly base: number;
  /** Characters of the load before it: what orders places, where offsets do not. */
  readonly rank: number;
  readonly #first: number;
  #lines: readonly number[] | undefined;

  constructor(path: string, text: string, base: number, place: Place = { first: 1, rank: base }) {
    this.path = path;
    this.text = text;
    this.base = base;
    this.rank = place.rank;
    this.#first = place.first;
    this.#lines = place.starts;
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
    const column = offset - (lines[low] as number) + 1;
    return { file: this.path, line: low + this.#first, column };
  }

  /** Offset into this text of a position in it. */
  offset({ line, column }: { readonly line: number; readonly column: number }): number {
    return (this.#lineStarts()[line - this.#first] ?? this.text.length) + column - 1;
  }

  /** Text of a line, counted from 1, without its end. */
  line(number: number): string {
    const lines = this.#lineStarts();
    const start = lines[number - this.#first] ?? this.text.length;
    return this.text
      .slice(start, lines[number - this.#first + 1] ?? this.text.length)
      .replace(/[\r\n]+$/, '');
  }

  #lineStarts(): readonly number[] {
    return (this.#lines ??= lineStarts(this.text));
  }
}

/** Where the lines of a text start. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || (c === 13 && text.charCodeAt(i + 1) !== 10)) starts.push(i + 1);
  }
  return starts;
}

/** The texts of one load, in one row of offsets: a number alone names a place in any of them. */
export class Sources {
  readonly #all: Source[] = [];
  readonly #byPath = new Map<string, Source>();
  #end = 0;
  #size = 0;

  get all(): readonly Source[] {
    return this.#all;
  }

  /** The texts that are not in pieces. */
  get whole(): readonly Source[] {
    return [...this.#byPath.values()];
  }

  /** Characters of all texts. */
  get size(): number {
    return this.#size;
  }

  add(path: string, text: string): Source {
    const source = new Source(path, text, this.#end, { first: 1, rank: this.#size });
    this.#all.push(source);
    this.#byPath.set(path, source);
    this.#end += text.length + 1;
    this.#size += text.length + 1;
    return source;
  }

  /** A text in pieces, in their order; before any other text. */
  addPieces(path: string, pieces: readonly Piece[]): void {
    let first = 1;
    for (const { text, base, starts } of pieces) {
      this.#all.push(new Source(path, text, base, { first, rank: this.#size, starts }));
      first += starts.length - 1;
      this.#size += text.length;
      this.#end = Math.max(this.#end, base + text.length + 1);
    }
    this.#all.sort((a, b) => a.base - b.base);
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
