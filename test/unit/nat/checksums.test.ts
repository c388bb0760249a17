// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openInputs, merge } from '../../../src/cli/replay-inputs.js';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import { noSlots } from '../../../src/compiler/slots.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { MESSAGE_CONSTANTS as M } from '../../../src/tables/messages.js';

/* Every packet that leaves a replay of the captures through NAT: its checksums, by hand. */

const DATA = join(process.env['SLUICE_DATA'] ?? '../shared/data', 'pcap');

/** All sources become one of sixteen addresses, in each family. */
const RULES = `version: 1
settings: { reverse-path: off }
interfaces:
  left: { zone: left, addresses: [192.0.2.1/30, '2001:db8:fffe::1/64'], mtu: 9216 }
  right: { zone: right, addresses: [192.0.2.5/30, '2001:db8:ffff::1/64'], mtu: 9216 }
zones: { left: {}, right: {} }
routing:
  static:
    - { to: 0.0.0.0/0, via: 192.0.2.6 }
    - { to: '::/0', via: '2001:db8:ffff::2' }
policies: [{ name: through, from: left, to: right, midstream: allow, rules: [{ name: all, action: allow }] }]
nat:
  source:
    - { name: four, from: left, to: right, translate-to: 203.0.113.16-203.0.113.31 }
    - { name: six, from: left, to: right, source: '::/0', translate-to: 2001:db8:203::10-2001:db8:203::1f }
`;

function sum(...parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts)
    for (let i = 0; i < part.length; i += 2) total += ((part[i] ?? 0) << 8) | (part[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

interface Sums {
  /** null where there is none to look at: fragments, other protocols, UDP without one. */
  readonly l4: boolean | null;
  readonly header: boolean;
  readonly source: string;
}

/** Are the checksums of this Ethernet frame right? null for what is no whole IP packet. */
function sumsOf(frame: Uint8Array): Sums | null {
  const view = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  let at = 12;
  while (view.length >= at + 4 && [0x8100, 0x88a8].includes(view.readUInt16BE(at))) at += 4;
  if (view.length < at + 22) return null;
  const type = view.readUInt16BE(at);
  const ip = view.subarray(at + 2);
  if (type === 0x0800) {
    const header = ((ip[0] ?? 0) & 15) * 4;
    const length = ip.readUInt16BE(2);
    if (header < 20 || length > ip.length || length < header) return null;
    const fragment = (ip.readUInt16BE(6) & 0x3fff) !== 0;
    const l4 = fragment
      ? null
      : l4Right(ip[9] ?? 0, ip.subarray(12, 20), ip.subarray(header, length));
    return {
      header: sum(ip.subarray(0, header)) === 0xffff,
      l4,
      source: ip.subarray(12, 16).join('.'),
    };
  }
  if (type !== 0x86dd || ip.length < 40) return null;
  const length = 40 + ip.readUInt16BE(4);
  if (length > ip.length) return null;
  const l4 = l4Right(ip[6] ?? 0, ip.subarray(8, 40), ip.subarray(40, length));
  return { header: true, l4, source: ip.subarray(8, 24).toString('hex') };
}

const CHECKSUM_AT = new Map([
  [6, 16],
  [17, 6],
  [1, 2],
  [58, 2],
]);

function l4Right(protocol: number, addresses: Uint8Array, l4: Buffer): boolean | null {
  const at = CHECKSUM_AT.get(protocol);
  if (at === undefined || l4.length < at + 2) return null;
  if (protocol === 17 && addresses.length === 8 && l4.readUInt16BE(at) === 0) return null;
  const pseudo = Buffer.from([0, 0, l4.length >> 8, l4.length & 255, 0, 0, 0, protocol]);
  return protocol === 1 ? sum(l4) === 0xffff : sum(addresses, pseudo, l4) === 0xffff;
}

describe.skipIf(!existsSync(datapathBinary()) || !existsSync(DATA))('checksums behind NAT', () => {
  let datapath: OfflineDatapath;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath.close());

  test('are right wherever they came right, over all captures', { timeout: 120_000 }, async () => {
    const { model } = loadModel('r.yaml', textReader(new Map([['r.yaml', RULES]])));
    if (model === null) throw new Error('no model');
    const done = compileModel(model, { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error('no image');
    const compiled = { model, slots: done.slots, image: done.image } as never;
    const files = readdirSync(DATA, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.pcap(ng)?$/.test(name),
    );
    let looked = 0;
    let translated = 0;
    for (const name of files) {
      const inputs = openInputs(compiled, [`left=${join(DATA, name)}`]);
      if (typeof inputs === 'number') continue;
      await datapath.load(done.image);
      const packets = [...merge(inputs)];
      for (let first = 0; first < packets.length; first += 1000) {
        const part = packets.slice(first, first + 1000);
        const { outputs } = await datapath.run('replay', part, first + 1000 >= packets.length);
        for (const { input, bytes } of outputs) {
          const after = sumsOf(bytes);
          const before = input === M.INPUT_GENERATED ? null : sumsOf(packets[input]!.bytes);
          if (after === null) continue;
          looked++;
          expect([name, input, after.header]).toEqual([name, input, true]);
          if (input === M.INPUT_GENERATED)
            expect([name, 'generated', after.l4]).toEqual([
              name,
              'generated',
              after.l4 === null ? null : true,
            ]);
          if (before === null || before.l4 === null || after.l4 === null) continue;
          if (before.source !== after.source) translated++;
          // What came wrong leaves wrong: by the same difference, so that its receiver sees it.
          expect([name, input, after.l4]).toEqual([name, input, before.l4]);
        }
      }
    }
    expect(looked).toBeGreaterThan(4000);
    expect(translated).toBeGreaterThan(2000);
    process.stdout.write(`${looked} packets looked at, ${translated} of them translated\n`);
  });
});
