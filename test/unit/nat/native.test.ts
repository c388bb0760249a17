// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import { noSlots, slotOf } from '../../../src/compiler/slots.js';
import { etherFrame } from '../../../src/datapath/frame.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { buildPacket } from '../../../src/datapath/packet.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { modelNames, Names } from '../../../src/trace/verdicts.js';
import { dotted, file, read, type Ends, type NatText } from '../../reference/nat.js';
import { translationOf } from '../../../src/trace/translation.js';

/** Few addresses and ports, so that rules and packets meet; those at the edges of ranges most. */
const OUTSIDE = [
  0xc6336405, 0xc6336406, 0xc6336407, 0xc6336408, 0xc633640f, 0xcb007150, 0xcb007151,
];
const HOSTS = [0x0a010203, 0x0a010204, 0x0a010207, 0x0a010208, 0x0a01c801];
const PORTS = [80, 81, 89, 90, 443, 8000, 8009, 8010];

const host = fc.constantFrom(...HOSTS);
const outside = fc.constantFrom(...OUTSIDE);
const port = fc.constantFrom(...PORTS);
const ordered = (one: fc.Arbitrary<number>) =>
  fc.tuple(one, one).map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a]));
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { freq: 1 });

const nats: fc.Arbitrary<NatText> = fc.record({
  sources: fc.array(
    fc.record({
      source: maybe(ordered(host)),
      destination: maybe(ordered(outside)),
      ports: maybe(ordered(port)),
      to: fc.oneof(
        fc.constantFrom('none' as const, 'interface' as const),
        ordered(fc.constantFrom(0xc6336414, 0xc6336416, 0xc6336417)),
      ),
    }),
    { maxLength: 5 },
  ),
  forwards: fc.array(
    fc.record({
      from: fc.constantFrom('any' as const, 'wan' as const, 'inside' as const),
      at: outside,
      ports: maybe(ordered(port)),
      to: fc.oneof(host, outside),
      port: maybe(port),
    }),
    { maxLength: 4 },
  ),
  statics: fc.array(
    fc.constantFrom(
      { inside: 0x0a010204, outside: 0xc6336404, length: 30 },
      { inside: 0x0a010208, outside: 0xc633640c, length: 30 },
      { inside: 0x0a01c801, outside: 0xc6336408, length: 32 },
    ),
    { maxLength: 2 },
  ),
});

const packets: fc.Arbitrary<Ends> = fc.record({
  protocol: fc.constantFrom(6, 6, 17),
  from: fc.constantFrom('inside', 'wan'),
  source: fc.oneof(host, outside),
  sourcePort: fc.integer({ min: 1, max: 65535 }),
  destination: fc.oneof(host, outside),
  destinationPort: port,
});

describe.skipIf(!existsSync(datapathBinary()))('NAT in the datapath', () => {
  let datapath: OfflineDatapath | undefined;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath?.close());

  /** What the trace says of each packet, in the terms of the reference. */
  async function traced(nat: NatText, all: readonly Ends[]) {
    const { model, diagnostics } = loadModel(
      'n.yaml',
      textReader(new Map([['n.yaml', file(nat)]])),
    );
    if (model === null) throw new Error(diagnostics[0]?.message);
    const done = compileModel(model, { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error(done.diagnostics[0]?.message);
    await datapath!.load(done.image);
    const names = new Names(modelNames({ model, slots: done.slots }), datapath!);
    const parts = all.map((one) => ({
      protocol: one.protocol,
      source: { family: 4 as const, value: BigInt(one.source) },
      destination: { family: 4 as const, value: BigInt(one.destination) },
      sourcePort: one.sourcePort,
      destinationPort: one.destinationPort,
    }));
    const { results } = await datapath!.run(
      'trace',
      parts.map((one, i) => ({
        time: 1_000_000_000n,
        iface: slotOf(done.slots.interfaces, all[i]!.from),
        bytes: etherFrame(
          buildPacket({ ...one, icmpType: 0, icmpCode: 0, tcpFlags: null, dscp: 0 }),
          4,
          0,
        ),
      })),
    );
    return results.map((result, i) => ({
      fate: result.fate,
      reason: datapath!.reason(result.reason),
      nat: translationOf(result, parts[i]!, names),
    }));
  }

  test('random rules, packets that meet them', { timeout: 300_000 }, async () => {
    let translated = 0;
    await fc.assert(
      fc.asyncProperty(
        nats,
        fc.array(packets, { minLength: 500, maxLength: 500 }),
        async (nat, all) => {
          const got = await traced(nat, all);
          for (const [i, packet] of all.entries()) {
            const { reason, nat: found } = got[i]!;
            const want = read(nat, packet);
            // A source of the other side, or one the appliance has: dropped before NAT is asked.
            if (reason !== null && found.destination === undefined && found.source === undefined)
              continue;
            const told = JSON.stringify({ nat, packet, want, found, reason });
            const destination =
              want.destination === null
                ? undefined
                : `${dotted(want.destination.to)}:${want.destination.port}`;
            expect(found.destination?.to, told).toBe(destination);
            expect(found.destination?.rule?.name, told).toBe(want.destination?.rule);
            if (reason !== null) continue;
            expect(found.source?.rule?.name, told).toBe(want.source?.rule);
            if (found.source === undefined || want.source === null) continue;
            translated++;
            const [address = '', takenPort] = found.source.to.split(':');
            const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
            expect(value, told).toBeGreaterThanOrEqual(want.source.to[0]);
            expect(value, told).toBeLessThanOrEqual(want.source.to[1]);
            // Whole addresses keep the port, whatever it is; others where it is in range.
            if (want.source.keeps || packet.sourcePort >= 1024)
              expect(takenPort, told).toBe(String(packet.sourcePort));
            else expect(Number(takenPort), told).toBeGreaterThanOrEqual(1024);
          }
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
    expect(translated).toBeGreaterThan(1000);
  });
});
