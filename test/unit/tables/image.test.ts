// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { noSlots } from '../../../src/compiler/slots.js';
import { crc32, crc32Portable } from '../../../src/tables/crc.js';
import { decodeImage, ImageError } from '../../../src/tables/decode.js';
import { cHeader } from '../../../src/tables/header.js';
import { DIRECTORY, HEADER, SECTIONS } from '../../../src/tables/layout.js';
import { MESSAGES } from '../../../src/tables/messages.js';
import { measure, readRecord, writeRecord } from '../../../src/tables/records.js';
import { SectionWriter, StringsWriter } from '../../../src/tables/section.js';
import { validateImage } from '../../../src/tables/validate.js';
import {
  iface,
  model,
  policy,
  prefix4,
  prefix6,
  rule,
  services,
  set,
} from '../../reference/models.js';

let image: Uint8Array;
beforeAll(() => {
  const done = compileModel(
    model({
      interfaces: [
        iface('inside', 'inside', { addresses: [prefix4(0x0a000001, 8), prefix6(1n, 64)] }),
        iface('outside', 'outside', { port: { kind: 'mac', mac: '02:00:00:00:00:07' }, mtu: 9000 }),
        iface('child', 'inside', { parent: 'outside', vlan: 20 }),
        iface('mgmt', null),
      ],
      policies: [
        {
          ...policy(
            'p',
            ['any'],
            ['any', 'local'],
            [
              rule('a', {
                source: set([[1, 2]], [[3n, 2n ** 100n]]),
                service: services({ protocol: 6, source: [1, 2], destination: [3, 4] }),
                log: true,
              }),
              rule('grüße', { action: 'deny' }),
            ],
          ),
          places: { lines: Uint32Array.of(1, 77), files: ['test.yaml', 'other.yaml'] },
        },
      ],
    }),
    { generation: 5, slots: noSlots() },
  );
  if (!done.ok) throw new Error('refused');
  image = done.image;
});

/** The image with one record's field changed and its checksum made good again. */
function patched(section: keyof typeof SECTIONS, record: number, field: string, value: number) {
  const copy = Uint8Array.from(image);
  const view = new DataView(copy.buffer);
  const index = Object.keys(SECTIONS).indexOf(section);
  const entry = measure(HEADER).size + index * measure(DIRECTORY).size;
  const { offset, record: size } = readRecord(DIRECTORY, view, entry);
  const at = Number(offset) + record * size;
  const fields = readRecord(SECTIONS[section], view, at);
  writeRecord(SECTIONS[section], view, at, { ...fields, [field]: value });
  return summed(copy);
}

function summed(copy: Uint8Array): Uint8Array {
  const at = measure(HEADER).offsets.get('crc')!;
  const view = new DataView(copy.buffer);
  view.setUint32(at, 0);
  view.setUint32(at, crc32(copy), true);
  return copy;
}

test('what was compiled is read back', () => {
  const read = decodeImage(image);
  validateImage(read);
  expect(read.generation).toBe(5n);
  const text = (at: number) => read.string(at);
  expect(
    read
      .records('interfaces')
      .map((one) => ({ ...one, name: text(one.name), port: text(one.port) })),
  ).toEqual([
    {
      name: 'inside',
      port: '',
      first_address: 0,
      addresses: 2,
      slot: 1,
      zone: 2,
      parent: 0,
      vlan: 0,
      mtu: 1500,
      flags: 0,
      port_kind: 0,
      mss: 0,
      reverse_path: 0,
      reserved: 0,
    },
    {
      name: 'outside',
      port: '02:00:00:00:00:07',
      first_address: 2,
      addresses: 0,
      slot: 2,
      zone: 3,
      parent: 0,
      vlan: 0,
      mtu: 9000,
      flags: 0,
      port_kind: 2,
      mss: 0,
      reverse_path: 0,
      reserved: 0,
    },
    {
      name: 'mgmt',
      port: '',
      first_address: 2,
      addresses: 0,
      slot: 3,
      zone: 0,
      parent: 0,
      vlan: 0,
      mtu: 1500,
      flags: 2,
      port_kind: 0,
      mss: 0,
      reverse_path: 0,
      reserved: 0,
    },
    {
      name: 'child',
      port: '',
      first_address: 2,
      addresses: 0,
      slot: 4,
      zone: 2,
      parent: 2,
      vlan: 20,
      mtu: 1500,
      flags: 1,
      port_kind: 0,
      mss: 0,
      reverse_path: 0,
      reserved: 0,
    },
  ]);
  const bytes = (start: number[]) => Uint8Array.from({ length: 16 }, (_, i) => start[i] ?? 0);
  expect(read.records('addresses')).toEqual([
    { address: bytes([10, 0, 0, 1]), family: 4, length: 8, reserved: 0 },
    { address: bytes([...new Array<number>(15).fill(0), 1]), family: 6, length: 64, reserved: 0 },
  ]);
  expect(read.records('ranges6')).toEqual([
    { lo_high: 0n, lo_low: 3n, hi_high: 2n ** 36n, hi_low: 0n },
  ]);
  expect(read.records('services')).toEqual([
    { protocol: 6, source_lo: 1, source_hi: 2, destination_lo: 3, destination_hi: 4 },
  ]);
  const [first, second] = read.records('rules');
  expect([first?.flags, first?.action, first?.slot]).toEqual([1, 1, 16]);
  expect([text(second!.name), text(second!.file), second!.line, second!.action]).toEqual([
    'grüße',
    'other.yaml',
    77,
    0,
  ]);
});

describe('what is no image', () => {
  const refused = (bytes: Uint8Array) => {
    try {
      validateImage(decodeImage(bytes));
    } catch (error) {
      if (error instanceof ImageError) return error.message;
      throw error;
    }
    return null;
  };

  test('each fault is named', () => {
    const flipped = Uint8Array.from(image);
    flipped[200]! ^= 1;
    const version = Uint8Array.from(image);
    version[4] = 9;
    expect(refused(new Uint8Array(3))).toBe('3 bytes are no image');
    expect(refused(new Uint8Array(200))).toBe('not a table image');
    expect(refused(image.slice(0, -8))).toBe(`${image.length - 8} bytes, ${image.length} expected`);
    expect(refused(flipped)).toBe('checksum mismatch');
    expect(refused(version)).toBe('layout version 9, 5 expected');
    expect(refused(patched('rules', 0, 'source', 9))).toBe('rules 0: address_sets 9');
    expect(refused(patched('rules', 1, 'slot', 16))).toBe('rules 1: slot 16');
    expect(refused(patched('interfaces', 0, 'zone', 77))).toBe('interfaces 0: zone 77 is none');
    expect(refused(patched('interfaces', 3, 'parent', 4))).toBe(
      'interfaces 3: parent 4 with VLAN 20',
    );
    expect(refused(patched('ranges4', 0, 'lo', 3))).toBe('ranges4 0: not in order within set 0');
    expect(refused(patched('pairs', 1, 'to', 0))).toBe('pairs 1: not in order');
    expect(refused(patched('address_sets', 0, 'count6', 2))).toBe(
      'address_sets 0: ranges6 0+2 of 1',
    );
  });

  test('every cut and every flipped byte is an error, never a crash', () => {
    fc.assert(
      fc.property(fc.nat(image.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        expect(refused(image.slice(0, at))).not.toBeNull();
        const copy = Uint8Array.from(image);
        copy[at]! ^= bits;
        expect(refused(copy)).not.toBeNull();
        // With a good checksum the records are looked at: still no other exception.
        refused(summed(copy));
      }),
      { numRuns: 500 },
    );
  });
});

describe('records', () => {
  test('hold what was written', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffff), fc.bigInt(0n, 2n ** 64n - 1n), (a, b, c) => {
        const view = new DataView(new ArrayBuffer(measure(MESSAGES.packet).size));
        const record = { time: c, length: a, iface: b, flags: 7 };
        writeRecord(MESSAGES.packet, view, 0, record);
        expect(readRecord(MESSAGES.packet, view, 0)).toEqual(record);
      }),
    );
  });

  test('a number outside its field is refused', () => {
    const view = new DataView(new ArrayBuffer(64));
    const write = (iface: number) =>
      writeRecord(MESSAGES.packet, view, 0, { time: 0n, length: 0, iface, flags: 0 });
    expect(() => write(65536)).toThrow('iface: 65536 is not in 0..65535');
    expect(() => write(-1)).toThrow('iface: -1 is not in 0..65535');
    expect(() => write(1.5)).toThrow('iface: 1.5 is not in 0..65535');
  });

  test('a layout with a hole is refused', () => {
    const layout = (fields: [string, 'u8' | 'u32'][]) => ({ id: 0, doc: '', fields });
    expect(() =>
      measure(
        layout([
          ['a', 'u8'],
          ['b', 'u32'],
        ]),
      ),
    ).toThrow('padding before b');
    expect(() =>
      measure(
        layout([
          ['a', 'u32'],
          ['b', 'u8'],
        ]),
      ),
    ).toThrow('padding after the last field of a 5-byte record');
  });
});

test('sections take whole records only, strings no NUL', () => {
  expect(() => new SectionWriter(SECTIONS.ranges4).addRaw(new Uint8Array(7))).toThrow(
    'not whole records',
  );
  expect(() => new StringsWriter().add('a\0b')).toThrow('NUL in a string');
});

test('the C header names every record and its size', () => {
  const header = cHeader();
  for (const [name, record] of Object.entries(MESSAGES))
    expect(header).toContain(
      `static_assert(sizeof(struct sl_${name}) == ${measure(record).size}, "${name}");`,
    );
});

test("CRC-32 is zlib's, with and without Node's help", () => {
  const check = new TextEncoder().encode('123456789');
  expect([crc32(check), crc32Portable(check)]).toEqual([0xcbf43926, 0xcbf43926]);
});
