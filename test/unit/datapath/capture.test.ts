// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CaptureError, readCapture } from '../../../src/datapath/capture.js';
import { frameOf } from '../../../src/datapath/capture-links.js';
import { PcapWriter } from '../../../src/datapath/capture-write.js';

type Field = readonly [size: 1 | 2 | 4 | 8, value: number | bigint] | Uint8Array;

/** Bytes of fields in one byte order. */
function bytes(little: boolean, ...fields: readonly Field[]): Uint8Array {
  return Buffer.concat(
    fields.map((field) => {
      if (field instanceof Uint8Array) return field;
      const [size, value] = field;
      const word = Buffer.alloc(8);
      if (little) word.writeBigUInt64LE(BigInt(value));
      else word.writeBigUInt64BE(BigInt(value));
      return little ? word.subarray(0, size) : word.subarray(8 - size);
    }),
  );
}
const data = (length: number) => Uint8Array.from({ length }, (_, i) => i + 1);
const hex = (packet: Uint8Array) => Buffer.from(packet).toString('hex');

const pcapHead = (little: boolean, magic: number, link: number) =>
  bytes(little, [4, magic], [2, 2], [2, 4], [4, 0], [4, 0], [4, 65535], [4, link]);
const pcapRecord = (little: boolean, seconds: number, fraction: number, packet: Uint8Array) =>
  bytes(little, [4, seconds], [4, fraction], [4, packet.length], [4, packet.length + 9], packet);

function block(little: boolean, type: number, ...fields: readonly Field[]): Uint8Array {
  const body = bytes(little, ...fields);
  const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
  const length = padded.length + 12;
  return bytes(little, [4, type], [4, length], padded, [4, length]);
}
const section = (little: boolean) =>
  block(little, 0x0a0d0d0a, [4, 0x1a2b3c4d], [2, 1], [2, 0], [8, 2n ** 64n - 1n]);
const interface_ = (little: boolean, link: number, ...options: readonly Field[]) =>
  block(little, 1, [2, link], [2, 0], [4, 6], ...options);
const enhanced = (little: boolean, id: number, ticks: bigint, packet: Uint8Array) =>
  block(
    little,
    6,
    [4, id],
    [4, ticks >> 32n],
    [4, ticks & 0xffffffffn],
    [4, packet.length],
    [4, 99],
    packet,
  );

function problem(file: Uint8Array): string | null {
  try {
    readCapture(file);
    return null;
  } catch (error) {
    if (error instanceof CaptureError) return error.message;
    throw error;
  }
}

describe('pcap', () => {
  test.each([
    [true, 0xa1b2c3d4, 7000n],
    [false, 0xa1b2c3d4, 7000n],
    [true, 0xa1b23c4d, 7n],
    [false, 0xa1b23c4d, 7n],
  ])('little-endian %s, magic %i', (little, magic, nanoseconds) => {
    const file = Buffer.concat([
      pcapHead(little, magic, 1),
      pcapRecord(little, 5, 7, data(14)),
      pcapRecord(little, 6, 0, data(3)),
    ]);
    expect(readCapture(file)).toMatchObject({
      cut: null,
      packets: [
        { time: 5_000_000_000n + nanoseconds, link: 1, bytes: data(14) },
        { time: 6_000_000_000n, link: 1, bytes: data(3) },
      ],
    });
  });

  test('the modified form has longer records', () => {
    const record = bytes(true, [4, 1], [4, 2], [4, 3], [4, 3], [8, 0], data(3));
    const { packets, cut } = readCapture(Buffer.concat([pcapHead(true, 0xa1b2cd34, 1), record]));
    expect([packets.map((one) => hex(one.bytes)), cut]).toEqual([['010203'], null]);
  });

  test('what is cut off at the end is left out and said', () => {
    const file = Buffer.concat([
      pcapHead(true, 0xa1b2c3d4, 1),
      pcapRecord(true, 5, 7, data(14)),
      pcapRecord(true, 5, 8, data(14)).subarray(0, 20),
    ]);
    const { packets, cut } = readCapture(file);
    expect([packets.length, cut]).toEqual([
      1,
      'packet 2 is cut off or damaged, reading ends there',
    ]);
  });

  test('upper bits beside the link type are the length of the check sequence', () => {
    expect(problem(pcapHead(true, 0xa1b2c3d4, 0x4400_0001))).toBeNull();
  });

  test('other link types are refused by name', () => {
    const taken = 'is not taken, only Ethernet and raw IP are';
    expect(problem(pcapHead(true, 0xa1b2c3d4, 113))).toBe(`link type 113 (LINUX_SLL) ${taken}`);
    expect(problem(pcapHead(false, 0xa1b2c3d4, 0))).toBe(`link type 0 (NULL) ${taken}`);
    expect(problem(pcapHead(true, 0xa1b2c3d4, 999))).toBe(`link type 999 (unknown) ${taken}`);
  });
});

describe('pcapng', () => {
  test.each([true, false])(
    'sections, interfaces, all kinds of packets; little-endian %s',
    (little) => {
      const nanoseconds = bytes(little, [2, 9], [2, 1], [1, 9], [1, 0], [2, 0]);
      const binary = bytes(
        little,
        [2, 9],
        [2, 1],
        [1, 0x8a],
        [1, 0],
        [2, 0],
        [2, 14],
        [2, 8],
        [8, 100],
        [2, 0],
        [2, 0],
      );
      const file = Buffer.concat([
        section(!little),
        interface_(!little, 1),
        enhanced(!little, 0, 1_000_001n, data(5)),
        section(little),
        interface_(little, 101),
        interface_(little, 1, nanoseconds),
        interface_(little, 228, binary),
        block(little, 5, [4, 0]),
        enhanced(little, 0, 3_000_000n, data(20)),
        enhanced(little, 1, 3_000_000n, data(4)),
        enhanced(little, 2, 512n, data(1)),
        block(little, 2, [2, 1], [2, 0], [4, 0], [4, 9], [4, 2], [4, 2], data(2)),
        block(little, 3, [4, 30], data(6)),
      ]);
      const { packets, cut } = readCapture(file);
      expect(cut).toBeNull();
      expect(packets.map(({ time, link, bytes: { length } }) => [time, link, length])).toEqual([
        [1_000_001_000n, 1, 5],
        [3_000_000_000n, 101, 20],
        [3_000_000n, 1, 4],
        [100_500_000_000n, 228, 1],
        [9n, 1, 2],
        // A simple packet is cut at its interface's snapshot length and has the time of the one before.
        [9n, 101, 6],
      ]);
    },
  );

  test('a link type that is not taken refuses the file, also without a packet', () => {
    const file = Buffer.concat([section(true), interface_(true, 1), interface_(true, 127)]);
    expect(problem(file)).toBe(
      'link type 127 (IEEE802_11_RADIOTAP) is not taken, only Ethernet and raw IP are',
    );
  });

  test('damage ends the reading, what was whole stays', () => {
    const whole = Buffer.concat([
      section(true),
      interface_(true, 1),
      enhanced(true, 0, 1n, data(4)),
    ]);
    const read = (...more: Uint8Array[]) => {
      const { packets, cut } = readCapture(Buffer.concat([whole, ...more]));
      return [packets.length, cut];
    };
    const at = whole.length;
    expect(read(data(5))).toEqual([1, `the file ends within a block, at byte ${at}`]);
    expect(read(bytes(true, [4, 6], [4, 8], [4, 0]))).toEqual([
      1,
      `a damaged block, at byte ${at}`,
    ]);
    expect(read(bytes(true, [4, 6], [4, 4000], [4, 0]))).toEqual([
      1,
      `a damaged block, at byte ${at}`,
    ]);
    expect(read(enhanced(true, 7, 1n, data(4)))).toEqual([
      1,
      `a packet of interface 7, which is not described, at byte ${at}`,
    ]);
    expect(read(block(true, 6, [4, 0]))).toEqual([1, `a packet cut short, at byte ${at}`]);
    expect(read(block(true, 0x0a0d0d0a, [4, 7]))).toEqual([
      1,
      `a section without byte order, at byte ${at}`,
    ]);
  });

  test('a length beyond its block is cut to what is there', () => {
    const lying = block(true, 6, [4, 0], [4, 0], [4, 0], [4, 4000], [4, 4000], data(8));
    const { packets } = readCapture(Buffer.concat([section(true), interface_(true, 1), lying]));
    expect(packets.map((one) => hex(one.bytes))).toEqual([hex(data(8))]);
  });
});

test('what is no capture', () => {
  const none = 'neither a pcap nor a pcapng file';
  expect([problem(new Uint8Array(0)), problem(data(200))]).toEqual([none, none]);
});

test('hostile files give packets within the file or an error, nothing else', () => {
  const seeds = [
    Buffer.concat([pcapHead(true, 0xa1b2c3d4, 1), pcapRecord(true, 1, 2, data(40))]),
    Buffer.concat([
      section(true),
      interface_(true, 1),
      enhanced(true, 0, 5n, data(40)),
      section(false),
      interface_(false, 228),
      enhanced(false, 0, 5n, data(9)),
    ]),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(250), fc.nat(255)), { maxLength: 6 }),
      fc.nat(300),
      (seed, changes, end) => {
        const file = Buffer.from(seed);
        for (const [at, value] of changes) if (at < file.length) file[at] = value;
        const part = file.subarray(0, end);
        if (problem(part) !== null) return;
        const { packets } = readCapture(part);
        const held = packets.reduce((sum, one) => sum + one.bytes.length, 0);
        expect(held).toBeLessThanOrEqual(part.length);
        for (const { time } of packets) expect(time >= 0n && time < 2n ** 63n).toBe(true);
      },
    ),
    { numRuns: 3000 },
  );
});

describe('frames', () => {
  const ether = '020000000001020000000002';
  test('raw IP gets an Ethernet header by its version', () => {
    const frame = (link: number, packet: number[], vlan = 0) =>
      hex(frameOf({ link, bytes: Uint8Array.from(packet) }, vlan));
    expect(frame(101, [0x45, 1])).toBe(`${ether}08004501`);
    expect(frame(12, [0x60, 1])).toBe(`${ether}86dd6001`);
    expect(frame(229, [0x45])).toBe(`${ether}86dd45`);
    expect(frame(228, [0x60])).toBe(`${ether}080060`);
    expect(frame(14, [])).toBe(`${ether}0800`);
    expect(frame(101, [0x45], 20)).toBe(`${ether}810000140800` + '45');
  });
  test('Ethernet stays as it is, or gets the tag of the child it enters by', () => {
    const bytes_ = data(16);
    expect(hex(frameOf({ link: 1, bytes: bytes_ }, 0))).toBe(hex(bytes_));
    expect(hex(frameOf({ link: 1, bytes: bytes_ }, 0x123))).toBe(
      '0102030405060708090a0b0c810001230d0e0f10',
    );
    expect(hex(frameOf({ link: 1, bytes: data(3) }, 5))).toBe('010203');
  });
});

test('what is written is read back', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  try {
    const file = join(folder, 'x.pcap');
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.bigInt(0n, 2n ** 32n * 1_000_000_000n - 1n),
            fc.uint8Array({ maxLength: 3000 }),
          ),
        ),
        (packets) => {
          const writer = new PcapWriter(file);
          for (const [time, packet] of packets) writer.add(time, packet);
          writer.close();
          const read = readCapture(readFileSync(file));
          expect(read.cut).toBeNull();
          expect(read.packets.map((one) => [one.time, hex(one.bytes)])).toEqual(
            packets.map(([time, packet]) => [time, hex(packet)]),
          );
        },
      ),
      { numRuns: 50 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
