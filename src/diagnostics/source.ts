// SPDX-License-Identifier: BSD-3-Clause
import type { Places, Position } from './position.js';

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

/** A text in pieces, as a load has it. */
class Pieces {
  readonly path: string;
  readonly all: readonly Piece[];
  /** Of each: the text's line it begins with, and the characters before it. */
  readonly #first: Uint32Array;
  readonly #rank: Float64Array;
  readonly size: number;
  /** Offset behind all of them. */
  readonly end: number;
  /** Indexes by their bases. */
  #order: Uint32Array | null = null;

  constructor(path: string, all: readonly Piece[]) {
    this.path = path;
    this.all = all;
    this.#first = new Uint32Array(all.length);
    this.#rank = new Float64Array(all.length);
    let [first, rank, end] = [1, 0, 0];
    for (let i = 0; i < all.length; i++) {
      const { text, base, starts } = all[i] as Piece;
      this.#first[i] = first;
      this.#rank[i] = rank;
      first += starts.length - 1;
      rank += text.length;
      end = Math.max(end, base + text.length + 1);
    }
    [this.size, this.end] = [rank, end];
  }

  source(index: number): Source {
    const { text, base, starts } = this.all[index] as Piece;
    const [first, rank] = [this.#first[index] as number, this.#rank[index] as number];
    return new Source(this.path, text, base, { first, rank, starts });
  }

  /** The piece an offset lies in. */
  at(offset: number): number {
    const order = (this.#order ??= this.#sorted());
    let low = 0;
    let high = order.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.all[order[middle] as number] as Piece).base <= offset) low = middle;
      else high = middle - 1;
    }
    return order[low] as number;
  }

  /** Whether an offset lies in a piece. */
  has(index: number, offset: number): boolean {
    const piece = this.all[index];
    return piece !== undefined && offset >= piece.base && offset <= piece.base + piece.text.length;
  }

  /** The line of an offset into a piece. */
  line(index: number, offset: number): number {
    const { base, starts } = this.all[index] as Piece;
    let line = 0;
    while (line + 1 < starts.length && (starts[line + 1] as number) <= offset - base) line++;
    return (this.#first[index] as number) + line;
  }

  #sorted(): Uint32Array {
    const { all } = this;
    // Numbers sort without a call for each comparison, as long as they hold both.
    if (this.end < 2 ** 33) {
      const both = new Float64Array(all.length);
      for (let i = 0; i < all.length; i++) both[i] = (all[i] as Piece).base * INDEXES + i;
      both.sort();
      const order = new Uint32Array(all.length);
      for (let i = 0; i < all.length; i++) order[i] = (both[i] as number) % INDEXES;
      return order;
    }
    return Uint32Array.from(all.keys()).sort(
      (a, b) => (all[a] as Piece).base - (all[b] as Piece).base,
    );
  }
}

/** More than a text has pieces. */
const INDEXES = 2 ** 20;

/** The texts of one load, in one row of offsets: a number alone names a place in any of them. */
export class Sources {
  readonly #whole: Source[] = [];
  readonly #byPath = new Map<string, Source>();
  #pieces: Pieces | null = null;
  #end = 0;
  #size = 0;

  /** The texts that are not in pieces. */
  get whole(): readonly Source[] {
    return this.#whole;
  }

  /** Characters of all texts. */
  get size(): number {
    return this.#size;
  }

  add(path: string, text: string): Source {
    const source = new Source(path, text, this.#end, { first: 1, rank: this.#size });
    this.#whole.push(source);
    this.#byPath.set(path, source);
    this.#end += text.length + 1;
    this.#size += text.length + 1;
    return source;
  }

  /** A text in pieces, in their order; before any other text. */
  addPieces(path: string, pieces: readonly Piece[]): void {
    if (pieces.length >= INDEXES) throw new RangeError(`${pieces.length} pieces`);
    this.#pieces = new Pieces(path, pieces);
    this.#end = this.#pieces.end;
    this.#size += this.#pieces.size;
  }

  /** The text of a file, if it was read. */
  find(path: string): Source | undefined {
    return this.#byPath.get(path);
  }

  /** The text an offset lies in. */
  of(offset: number): Source {
    const pieces = this.#pieces;
    if (pieces !== null && offset < pieces.end) return pieces.source(pieces.at(offset));
    let low = 0;
    let high = this.#whole.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#whole[middle] as Source).base <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#whole[low] as Source;
  }

  position(offset: number): Position {
    const source = this.of(offset);
    return source.position(offset - source.base);
  }

  /** Where stretches begin; fast where they follow each other, as the items of a list do. */
  places(spans: readonly { readonly offset: number }[]): Places {
    const lines = new Uint32Array(spans.length);
    const files: string[] = [];
    const pieces = this.#pieces;
    let [piece, one] = [0, true];
    for (let i = 0; i < spans.length; i++) {
      const { offset } = spans[i] as { offset: number };
      let file: string;
      if (pieces !== null && offset < pieces.end) {
        // Most are in the piece behind the last one.
        if (pieces.has(piece + 1, offset)) piece++;
        else if (!pieces.has(piece, offset)) piece = pieces.at(offset);
        lines[i] = pieces.line(piece, offset);
        file = pieces.path;
      } else {
        const position = this.position(offset);
        lines[i] = position.line;
        ({ file } = position);
      }
      if (i === 0) files.push(file);
      else if (one && file !== files[0]) {
        one = false;
        for (let k = 1; k < i; k++) files.push(files[0] as string);
      }
      if (!one) files.push(file);
    }
    return { lines, files };
  }
}
