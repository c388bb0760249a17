// SPDX-License-Identifier: BSD-3-Clause
import { crc32 } from './crc.js';
import { DIRECTORY, HEADER, LAYOUT_VERSION, MAGIC, SECTIONS, type SectionName } from './layout.js';
import { measure, readRecord, type RecordOf } from './records.js';

/** Bytes that are no table image of this layout. */
export class ImageError extends Error {}

export type ImageRecord<N extends SectionName> = RecordOf<(typeof SECTIONS)[N]>;

interface Place {
  readonly offset: number;
  readonly count: number;
}

/** An image whose header, checksum and directory are good; `validateImage` looks at the records. */
export class DecodedImage {
  readonly generation: bigint;
  readonly modelHash: Uint8Array;
  readonly #view: DataView;
  readonly #places: ReadonlyMap<SectionName, Place>;
  readonly #records = new Map<SectionName, readonly unknown[]>();

  constructor(view: DataView, places: ReadonlyMap<SectionName, Place>) {
    const header = readRecord(HEADER, view, 0);
    this.generation = header.generation;
    this.modelHash = header.model_hash;
    this.#view = view;
    this.#places = places;
  }

  count(name: SectionName): number {
    return this.#place(name).count;
  }

  /** All records of a section. */
  records<N extends SectionName>(name: N): readonly ImageRecord<N>[] {
    const known = this.#records.get(name);
    if (known !== undefined) return known as readonly ImageRecord<N>[];
    const { offset, count } = this.#place(name);
    const layout = SECTIONS[name];
    const { size } = measure(layout);
    const records = Array.from({ length: count }, (_, i) =>
      readRecord(layout, this.#view, offset + i * size),
    );
    this.#records.set(name, records);
    return records;
  }

  /** One record of a section. */
  record<N extends SectionName>(name: N, index: number): ImageRecord<N> {
    const { offset, count } = this.#place(name);
    if (index < 0 || index >= count) throw new RangeError(`${name}[${index}]`);
    const layout = SECTIONS[name];
    return readRecord(layout, this.#view, offset + index * measure(layout).size);
  }

  /** One field of all records of a section, a number of at most 32 bits. */
  column<N extends SectionName>(name: N, field: string & keyof ImageRecord<N>): Uint32Array {
    const { offset, count } = this.#place(name);
    const layout = SECTIONS[name];
    const { size, offsets } = measure(layout);
    const first = offset + (offsets.get(field) as number);
    const type = layout.fields.find(([name]) => name === field)?.[1];
    const values = new Uint32Array(count);
    const view = this.#view;
    if (type === 'u32')
      for (let i = 0; i < count; i++) values[i] = view.getUint32(first + i * size, true);
    else if (type === 'u16')
      for (let i = 0; i < count; i++) values[i] = view.getUint16(first + i * size, true);
    else if (type === 'u8')
      for (let i = 0; i < count; i++) values[i] = view.getUint8(first + i * size);
    else throw new TypeError(`${name}.${field} is no number of 32 bits`);
    return values;
  }

  /** Some records of a section as they lie in the image. */
  bytes(name: SectionName, first: number, count: number): Uint8Array {
    const { offset } = this.#place(name);
    const { size } = measure(SECTIONS[name]);
    const start = this.#view.byteOffset + offset + first * size;
    return new Uint8Array(this.#view.buffer, start, count * size);
  }

  /** The text at an offset into `strings`. */
  string(at: number): string {
    const { offset, count } = this.#place('strings');
    const all = Buffer.from(this.#view.buffer, this.#view.byteOffset + offset, count);
    return all.toString('utf8', at, all.indexOf(0, at));
  }

  #place(name: SectionName): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`no section ${name}`);
    return place;
  }
}

/** Opens an image. Throws ImageError, which says what is wrong, unless all but the records is good. */
export function decodeImage(bytes: Uint8Array): DecodedImage {
  const head = measure(HEADER);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < head.size) throw new ImageError(`${bytes.length} bytes are no image`);
  const header = readRecord(HEADER, view, 0);
  if (header.magic !== MAGIC) throw new ImageError('not a table image');
  if (header.layout !== LAYOUT_VERSION)
    throw new ImageError(`layout version ${header.layout}, ${LAYOUT_VERSION} expected`);
  if (header.total !== BigInt(bytes.length))
    throw new ImageError(`${bytes.length} bytes, ${header.total} expected`);
  const unsummed = Uint8Array.from(bytes);
  new DataView(unsummed.buffer).setUint32(head.offsets.get('crc') ?? 0, 0);
  if (crc32(unsummed) !== header.crc) throw new ImageError('checksum mismatch');
  return new DecodedImage(view, directory(view, header.sections));
}

function directory(view: DataView, sections: number): Map<SectionName, Place> {
  const names = Object.keys(SECTIONS) as SectionName[];
  if (sections !== names.length)
    throw new ImageError(`${sections} sections, ${names.length} expected`);
  const entry = measure(DIRECTORY).size;
  const places = new Map<SectionName, Place>();
  let end = measure(HEADER).size + sections * entry;
  if (end > view.byteLength) throw new ImageError('the directory passes the end');
  for (const [i, name] of names.entries()) {
    const { id, record, offset, count } = readRecord(
      DIRECTORY,
      view,
      measure(HEADER).size + i * entry,
    );
    const { size } = measure(SECTIONS[name]);
    if (id !== SECTIONS[name].id || record !== size)
      throw new ImageError(`section ${i}: id ${id} of ${record}-byte records, ${name} expected`);
    if (offset % 8n !== 0n || offset < BigInt(end))
      throw new ImageError(`${name}: offset ${offset} is unaligned or overlaps`);
    if (offset + count * BigInt(size) > BigInt(view.byteLength))
      throw new ImageError(`${name}: passes the end`);
    end = Number(offset) + Number(count) * size;
    places.set(name, { offset: Number(offset), count: Number(count) });
  }
  return places;
}
