// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import { noSlots, slotOf } from '../../../src/compiler/slots.js';
import { etherFrame } from '../../../src/datapath/frame.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { buildPacket } from '../../../src/datapath/packet.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { BASE } from '../fixtures/codes.js';
import { shown } from '../fixtures/load.js';

const CLIENT = 0xcb007107n; // 203.0.113.7

function file(mode: string, more = ''): string {
  return `${BASE}routing: {static: [{to: 0.0.0.0/0, via: 198.51.100.1}, {to: 192.0.2.0/24, via: 10.1.0.9}]}
balancers: {shop: {at: 198.51.100.4, mode: ${mode}, ${more} backends: {a: {address: 192.0.2.11}}}}
policies: [{name: p, from: any, to: any, rules: [{name: r, destination: {balancer: shop}, action: allow}]}]
`;
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** A datagram of `length` bytes of IP with this DSCP and ECN. */
function datagram(length: number, tos: number, df: boolean): Buffer {
  const built = buildPacket({
    protocol: 17,
    source: { family: 4, value: CLIENT },
    destination: { family: 4, value: 0xc6336404n },
    sourcePort: 4000,
    destinationPort: 5353,
    icmpType: 0,
    icmpCode: 0,
    tcpFlags: null,
    dscp: 0,
  });
  const ip = Buffer.concat([built, Buffer.alloc(length - built.length)]);
  ip[1] = tos;
  ip.writeUInt16BE(length, 2);
  ip[6] = df ? 0x40 : 0;
  ip.writeUInt16BE(length - 20, 24);
  ip.writeUInt16BE(0, 26); // no checksum of UDP: it is not ours to verify
  ip.writeUInt16BE(0, 10);
  ip.writeUInt16BE(0xffff - checksum(ip.subarray(0, 20)), 10);
  return ip;
}

describe('modes in a tunnel', () => {
  test('keep the port, and only they are picked up midstream', () => {
    expect(
      shown(
        `${BASE}balancers: {s: {at: 198.51.100.4, mode: gue, gue-port: 0, backends: {a: {address: 192.0.2.1, port: 80}}}}\n`,
      ),
    ).toEqual(["6:56 wrong-value: a port from 1 to 65535 is expected here, not '0'"]);
    expect(
      shown(
        `${BASE}balancers: {s: {at: 198.51.100.4, mode: ipip, backends: {a: {address: 192.0.2.1, port: 80}}}}\n`,
      ),
    ).toEqual(["6:88 balancer-form: with 'ipip' a backend keeps the port that was asked for"]);
    expect(
      shown(
        `${BASE}balancers: {s: {at: 198.51.100.4, midstream: allow, backends: {a: {address: 10.1.0.9}}}}\n`,
      ),
    ).toEqual([
      "6:46 balancer-form: only 'direct', 'ipip' and 'gue' pick up connections; with 'nat' another appliance does not know their translation",
    ]);
  });
});

describe.skipIf(!existsSync(datapathBinary()))('packets in a tunnel', () => {
  let datapath: OfflineDatapath;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath.close());

  async function replay(text: string, packets: readonly Buffer[]): Promise<Buffer[]> {
    const { model, diagnostics } = loadModel('b.yaml', textReader(new Map([['b.yaml', text]])));
    if (model === null) throw new Error(diagnostics[0]?.message);
    const done = compileModel(model, { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error(done.diagnostics[0]?.message);
    await datapath.load(done.image);
    const iface = slotOf(done.slots.interfaces, 'wan');
    const frames = packets.map((ip, i) => ({
      time: BigInt(1 + i) * 1_000_000_000n,
      iface,
      bytes: etherFrame(ip, 4, 0),
    }));
    const { outputs } = await datapath.run('replay', frames, true);
    return outputs.map(({ bytes }) => Buffer.from(bytes).subarray(14));
  }

  test.each([
    ['ipip', 20, 4],
    ['gue', 32, 17],
  ])('%s: what is outside, and inside', async (mode, overhead, protocol) => {
    const sent = datagram(100, 0xb9, true); // EF, ECT(1)
    const [got = Buffer.alloc(0)] = await replay(file(mode, 'gue-port: 7000,'), [sent]);
    expect(got.length).toBe(100 + overhead);
    expect(got.readUInt16BE(2)).toBe(100 + overhead);
    expect([got[1], got[6], got[8], got[9]]).toEqual([0xb9, 0x40, 64, protocol]);
    expect(checksum(got.subarray(0, 20))).toBe(0xffff);
    expect(got.subarray(12, 20).join('.')).toBe('10.1.0.1.192.0.2.11');
    if (mode === 'gue') {
      expect(got.readUInt16BE(20)).toBeGreaterThanOrEqual(49152);
      expect(got.subarray(22, 32).toString('hex')).toBe('1b5800700000' + '00040000');
    }
    const inner = Buffer.from(sent);
    inner[8] = 63;
    inner.writeUInt16BE(inner.readUInt16BE(10) + 0x100, 10);
    expect(got.subarray(overhead).equals(inner)).toBe(true);
  });

  test.each([
    ['ipip', 20],
    ['gue', 32],
  ])('%s: what does not fit', async (mode, overhead) => {
    const [small, large] = [1500 - overhead, 1501 - overhead];
    const [fits] = await replay(file(mode), [datagram(small, 0, true)]);
    expect(fits?.length).toBe(1500);
    // RFC 1191: its sender is told what would have fitted.
    const [told = Buffer.alloc(0)] = await replay(file(mode), [datagram(large, 0, true)]);
    expect([told[9], told[20], told[21], told.readUInt16BE(26)]).toEqual([1, 3, 4, small]);
    const pieces = await replay(file(mode), [datagram(large, 0, false)]);
    expect(pieces.map(({ length }) => length)).toEqual([1500, 20 + 1]);
    const [first, last] = pieces.map((piece) => piece.readUInt16BE(6));
    expect([first, last]).toEqual([0x2000, 1480 / 8]);
    expect(pieces[0]?.readUInt16BE(4)).toBe(pieces[1]?.readUInt16BE(4));
  });

  test('two services of one backend take one port of one client', async () => {
    const text = file('ipip').replace(
      'balancers: {',
      'balancers: {other: {at: 198.51.100.5, mode: ipip, backends: {a: {address: 192.0.2.11}}}, ',
    );
    const second = datagram(100, 0, true);
    second[19] = 5;
    second.writeUInt16BE(second.readUInt16BE(10) - 1, 10);
    const rules = text.replace(
      'rules: [',
      'rules: [{name: o, destination: {balancer: other}, action: allow}, ',
    );
    const got = await replay(rules, [datagram(100, 0, true), second]);
    expect(got.map((ip) => ip.subarray(36, 40).join('.'))).toEqual([
      '198.51.100.4',
      '198.51.100.5',
    ]);
  });
});
