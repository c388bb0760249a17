// SPDX-License-Identifier: BSD-3-Clause
import type { FieldType, RecordLayout } from './layout.js';

/** The values of one record as its layout names and types them. */
export type RecordOf<L extends RecordLayout> = {
  [F in L['fields'][number] as F[0]]: F[1] extends 'u64'
    ? bigint
    : F[1] extends 'bytes16' | 'bytes32'
      ? Uint8Array
      : number;
};

export const FIELD_SIZES: Record<FieldType, readonly [size: number, align: number]> = {
  u8: [1, 1],
  u16: [2, 2],
  u32: [4, 4],
  u64: [8, 8],
  bytes16: [16, 1],
  bytes32: [32, 1],
};

interface Measured {
  readonly offsets: ReadonlyMap<string, number>;
  readonly size: number;
}

const measured = new WeakMap<RecordLayout, Measured>();

/** Offsets and size in bytes of a record. Fails on padding: a layout says every byte. */
export function measure(record: RecordLayout): Measured {
  let known = measured.get(record);
  if (known === undefined) {
    known = measureOnce(record);
    measured.set(record, known);
  }
  return known;
}

function measureOnce(record: RecordLayout): Measured {
  const offsets = new Map<string, number>();
  let size = 0;
  let align = 1;
  for (const [name, type] of record.fields) {
    const [bytes, alignment] = FIELD_SIZES[type];
    if (size % alignment !== 0) throw new Error(`padding before ${name}`);
    offsets.set(name, size);
    size += bytes;
    align = Math.max(align, alignment);
  }
  if (size % align !== 0) throw new Error(`padding after the last field of a ${size}-byte record`);
  return { offsets, size };
}

/** Writes one record at `offset`. A number outside its field is a fault of the caller and throws. */
export function writeRecord<L extends RecordLayout>(
  layout: L,
  bytes: DataView,
  offset: number,
  record: RecordOf<L>,
): void {
  const values = record as Record<string, number | bigint | Uint8Array>;
  let at = offset;
  for (const [name, type] of layout.fields) {
    const value = values[name];
    switch (type) {
      case 'u8':
        bytes.setUint8(at, within(value, 0xff, name));
        at += 1;
        break;
      case 'u16':
        bytes.setUint16(at, within(value, 0xffff, name), true);
        at += 2;
        break;
      case 'u32':
        bytes.setUint32(at, within(value, 0xffffffff, name), true);
        at += 4;
        break;
      case 'u64':
        bytes.setBigUint64(at, value as bigint, true);
        at += 8;
        break;
      default: {
        const size = FIELD_SIZES[type][0];
        const raw = value as Uint8Array;
        if (raw.length > size) throw new RangeError(`${name}: ${raw.length} bytes in ${size}`);
        const field = new Uint8Array(bytes.buffer, bytes.byteOffset + at, size);
        field.fill(0);
        field.set(raw);
        at += size;
      }
    }
  }
}

function within(value: unknown, most: number, name: string): number {
  if (typeof value === 'number' && value >= 0 && value <= most && Number.isInteger(value))
    return value;
  throw new RangeError(`${name}: ${String(value)} is not in 0..${most}`);
}

/** Reads one record at `offset`; byte fields are copies. Throws RangeError past the end. */
export function readRecord<L extends RecordLayout>(
  layout: L,
  bytes: DataView,
  offset: number,
): RecordOf<L> {
  const values: Record<string, number | bigint | Uint8Array> = {};
  let at = offset;
  for (const [name, type] of layout.fields) {
    const size = FIELD_SIZES[type][0];
    switch (type) {
      case 'u8':
        values[name] = bytes.getUint8(at);
        break;
      case 'u16':
        values[name] = bytes.getUint16(at, true);
        break;
      case 'u32':
        values[name] = bytes.getUint32(at, true);
        break;
      case 'u64':
        values[name] = bytes.getBigUint64(at, true);
        break;
      default:
        if (at + size > bytes.byteLength) throw new RangeError(`${name} passes the end`);
        values[name] = new Uint8Array(bytes.buffer, bytes.byteOffset + at, size).slice();
    }
    at += size;
  }
  return values as RecordOf<L>;
}
