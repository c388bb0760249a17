// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import { crc32 } from './crc.js';
import { DIRECTORY, HEADER, LAYOUT_VERSION, MAGIC, SECTIONS, type SectionName } from './layout.js';
import { measure, writeRecord } from './records.js';

/** Whole records of every section. */
export type SectionBytes = Readonly<Record<SectionName, Uint8Array>>;

/** The same image as another generation. */
export function withGeneration(image: Uint8Array, generation: bigint): Uint8Array {
  const { offsets } = measure(HEADER);
  const copy = Uint8Array.from(image);
  const view = new DataView(copy.buffer);
  view.setBigUint64(offsets.get('generation') ?? 0, generation, true);
  view.setUint32(offsets.get('crc') ?? 0, 0, true);
  view.setUint32(offsets.get('crc') ?? 0, crc32(copy), true);
  return copy;
}

/** Puts sections together to an image. `generation` is not part of the hash of the model. */
export function encodeImage(sections: SectionBytes, generation: bigint): Uint8Array {
  const names = Object.keys(SECTIONS) as SectionName[];
  const header = measure(HEADER);
  const entry = measure(DIRECTORY).size;
  const places = new Map<SectionName, number>();
  let total = header.size + names.length * entry;
  for (const name of names) {
    total = Math.ceil(total / 8) * 8;
    places.set(name, total);
    total += sections[name].length;
  }
  total = Math.ceil(total / 8) * 8;

  const image = new Uint8Array(total);
  const view = new DataView(image.buffer);
  for (const [i, name] of names.entries()) {
    const record = measure(SECTIONS[name]).size;
    const bytes = sections[name];
    if (bytes.length % record !== 0) throw new RangeError(`${name}: not whole records`);
    const offset = places.get(name) ?? 0;
    image.set(bytes, offset);
    writeRecord(DIRECTORY, view, header.size + i * entry, {
      id: SECTIONS[name].id,
      record,
      offset: BigInt(offset),
      count: BigInt(bytes.length / record),
    });
  }
  const modelHash = createHash('sha256').update(image.subarray(header.size)).digest();
  writeRecord(HEADER, view, 0, {
    magic: MAGIC,
    layout: LAYOUT_VERSION,
    sections: names.length,
    total: BigInt(total),
    generation,
    crc: 0,
    reserved: 0,
    model_hash: modelHash.subarray(0, 16),
  });
  view.setUint32(header.offsets.get('crc') ?? 0, crc32(image), true);
  return image;
}
