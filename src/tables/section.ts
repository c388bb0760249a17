// SPDX-License-Identifier: BSD-3-Clause
import { measure, writeRecord, type RecordOf } from './records.js';
import type { RecordLayout } from './layout.js';

/** The records of one section while an image is written; it grows as they come. */
export class SectionWriter<L extends RecordLayout> {
  readonly layout: L;
  readonly recordSize: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #used = 0;

  constructor(layout: L, records = 16) {
    this.layout = layout;
    this.recordSize = measure(layout).size;
    this.#bytes = new Uint8Array(Math.max(1, records) * this.recordSize);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Records written so far. */
  get count(): number {
    return this.#used / this.recordSize;
  }

  /** The bytes written so far; valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  add(record: RecordOf<L>): void {
    this.#reserve(this.recordSize);
    writeRecord(this.layout, this.#view, this.#used, record);
    this.#used += this.recordSize;
  }

  /** Appends records that are in the layout's form already. */
  addRaw(bytes: Uint8Array): void {
    if (bytes.length % this.recordSize !== 0) throw new RangeError('not whole records');
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Appends records of u32 fields (u16 fields) only, by the values of their fields. */
  addWords(words: Uint32Array | Uint16Array | readonly number[], size: 2 | 4 = 4): void {
    this.#reserve(words.length * size);
    let at = this.#used;
    if (size === 4)
      for (let i = 0; i < words.length; i++, at += 4)
        this.#view.setUint32(at, words[i] as number, true);
    else
      for (let i = 0; i < words.length; i++, at += 2)
        this.#view.setUint16(at, words[i] as number, true);
    this.#used = at;
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + more));
    grown.set(this.bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** The `strings` section: each text once, NUL-terminated, offset 0 empty. */
export class StringsWriter {
  readonly #offsets = new Map([['', 0]]);
  readonly #texts: string[] = [''];
  #size = 1;

  /** Offset of the text, which holds no NUL. */
  add(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    if (text.includes('\0')) throw new RangeError('NUL in a string');
    const offset = this.#size;
    this.#offsets.set(text, offset);
    this.#texts.push(text);
    this.#size += Buffer.byteLength(text) + 1;
    return offset;
  }

  get bytes(): Uint8Array {
    return Buffer.from(`${this.#texts.join('\0')}\0`);
  }
}
