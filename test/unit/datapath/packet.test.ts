// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, test } from 'vitest';
import { crc32c, internetChecksum } from '../../../src/datapath/checksum.js';
import { etherFrame } from '../../../src/datapath/frame.js';
import { buildPacket, type PacketParts } from '../../../src/datapath/packet.js';
import { parseAddress } from '../../../src/net/address.js';
import type { Address } from '../../../src/net/sets.js';

function packet(
  protocol: number,
  source: string,
  destination: string,
  parts: Partial<PacketParts> = {},
) {
  return buildPacket({
    protocol,
    source: parseAddress(source) as Address,
    destination: parseAddress(destination) as Address,
    sourcePort: 40000,
    destinationPort: 80,
    icmpType: 0,
    icmpCode: 0,
    tcpFlags: null,
    ...parts,
  });
}
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('checksums have the values of their documents', () => {
  // RFC 1071 section 3; RFC 3720 appendix B.4.
  expect(internetChecksum(Uint8Array.from([0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7]))).toBe(0x220d);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

describe('packets are whole and their sums are right', () => {
  test('TCP over IPv4 without flags is a SYN', () => {
    const bytes = packet(6, '10.0.0.1', '192.0.2.80');
    expect(hex(bytes.subarray(0, 20))).toBe('4500002800000000' + '4006ae7f' + '0a000001c0000250');
    expect(bytes.length).toBe(40);
    expect(bytes[33]).toBe(2);
  });

  test('the code point lies above two bits that are not its own', () => {
    expect(hex(packet(17, '10.0.0.1', '192.0.2.80', { dscp: 46 }).subarray(0, 2))).toBe('45b8');
    const bytes = packet(17, '2001:db8::1', '2001:db8::2', { dscp: 46 });
    expect(hex(bytes.subarray(0, 2))).toBe('6b80');
    expect(hex(etherFrame(bytes, 6, 20, 0x5254_0012_34ab).subarray(6, 18))).toBe(
      '5254001234ab' + '81000014' + '86dd',
    );
  });

  test.each([
    [6, 20],
    [17, 8],
    [132, 32],
    [1, 8],
    [47, 8],
  ])('protocol %i has a header of %i bytes', (protocol, size) => {
    const bytes = packet(protocol, '10.0.0.1', '192.0.2.80');
    expect(bytes.length).toBe(20 + size);
    expect(internetChecksum(bytes.subarray(0, 20))).toBe(0);
    expect(bytes[9]).toBe(protocol);
    expect((bytes[2]! << 8) | bytes[3]!).toBe(bytes.length);
  });

  test.each([
    [6, {}],
    [17, {}],
    [58, { icmpType: 128 }],
    [58, { icmpType: 135 }],
    [58, { icmpType: 1 }],
  ] as const)('the sum of protocol %i over IPv6 holds, %o', (protocol, parts) => {
    const bytes = packet(protocol, '2001:db8::1', '2001:db8:1::2', parts);
    const payload = bytes.subarray(40);
    const length = [0, 0, payload.length >> 8, payload.length & 255, 0, 0, 0, protocol];
    const pseudo = Buffer.concat([bytes.subarray(8, 40), Uint8Array.from(length)]);
    expect(internetChecksum(pseudo, payload)).toBe(0);
    expect((bytes[4]! << 8) | bytes[5]!).toBe(payload.length);
    expect(bytes[6]).toBe(protocol);
  });

  test('neighbour discovery has hop limit 255, all else 64', () => {
    const limit = (protocol: number, icmpType: number) =>
      packet(protocol, '2001:db8::1', '2001:db8::2', { icmpType })[7];
    expect([limit(58, 135), limit(58, 128), limit(6, 135)]).toEqual([255, 64, 64]);
  });

  test('SCTP carries an INIT whose CRC holds', () => {
    const bytes = packet(132, '10.0.0.1', '192.0.2.80').subarray(20);
    const sum = Buffer.from(bytes).readUInt32LE(8);
    const without = Buffer.from(bytes);
    without.writeUInt32LE(0, 8);
    expect([sum, bytes[12]]).toEqual([crc32c(without), 1]);
  });

  test('an ICMP error holds a packet of the other way', () => {
    const bytes = packet(1, '10.0.0.1', '192.0.2.80', { icmpType: 3, icmpCode: 1 });
    expect(internetChecksum(bytes.subarray(20))).toBe(0);
    const inner = bytes.subarray(28);
    expect(hex(inner.subarray(12, 20))).toBe('c00002500a000001');
    expect(internetChecksum(inner.subarray(0, 20))).toBe(0);
  });
});
