// SPDX-License-Identifier: BSD-3-Clause
import { measure, writeRecord, type RecordOf } from './records.js';
import type { RecordLayout } from './layout.js';

/** The records of one section while an image is written; it grows as they come. */
export class SectionWriter<L extends RecordLayout> {
  readonly layout: L;
  readonly recordSize: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #words4: Uint32Array | undefined;
  #words2: Uint16Array | undefined;
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
    const { buffer } = this.#bytes;
    // An image is little-endian, as is every machine it is made on.
    const whole =
      size === 4
        ? (this.#words4 ??= new Uint32Array(buffer, 0, buffer.byteLength >>> 2))
        : (this.#words2 ??= new Uint16Array(buffer, 0, buffer.byteLength >>> 1));
    let at = this.#used / size;
    for (let i = 0; i < words.length; i++) whole[at++] = words[i] as number;
    this.#used = at * size;
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + more));
    grown.set(this.bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
    this.#words4 = this.#words2 = undefined;
  }
}

/** A text of images. */
export interface Text {
  readonly text: string;
  readonly bytes: number;
  /** The image it was last written to, and its offset there. */
  turn: number;
  offset: number;
}

/** The texts of one image after another. */
export class TextMemory {
  #known = new Map<string, Text>();
  #turn = 0;
  /** Texts of the last image. */
  used = 0;

  /** Another image begins. */
  renew(): number {
    this.used = 0;
    return ++this.#turn;
  }

  /** Whether most are of no image any more. */
  get crowded(): boolean {
    return this.#known.size > 2 * this.used + 1024;
  }

  /** Forgets what the last image did not have: whoever holds a text asks anew. */
  tidy(): void {
    this.#known = new Map([...this.#known].filter(([, { turn }]) => turn === this.#turn));
  }

  of(text: string): Text {
    let known = this.#known.get(text);
    if (known === undefined) {
      if (text.includes('\0')) throw new RangeError('NUL in a string');
      known = { text, bytes: Buffer.byteLength(text) + 1, turn: 0, offset: 0 };
      this.#known.set(text, known);
    }
    return known;
  }
}

/** The `strings` section: each text once, NUL-terminated, offset 0 empty. */
export class StringsWriter {
  readonly #memory: TextMemory;
  readonly #turn: number;
  readonly #texts: string[] = [''];
  #size = 1;

  constructor(memory = new TextMemory()) {
    this.#memory = memory;
    this.#turn = memory.renew();
  }

  /** Offset of the text, which holds no NUL. */
  add(text: string): number {
    return text === '' ? 0 : this.addText(this.#memory.of(text));
  }

  /** The same of a text of the memory. */
  addText(known: Text): number {
    if (known.text === '') return 0;
    if (known.turn !== this.#turn) {
      known.turn = this.#turn;
      known.offset = this.#size;
      this.#texts.push(known.text);
      this.#memory.used++;
      this.#size += known.bytes;
    }
    return known.offset;
  }

  get bytes(): Uint8Array {
    return Buffer.from(`${this.#texts.join('\0')}\0`);
  }
}
