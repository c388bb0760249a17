// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import { noSlots, slotOf } from '../../../src/compiler/slots.js';
import { etherFrame } from '../../../src/datapath/frame.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { buildPacket } from '../../../src/datapath/packet.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { modelNames } from '../../../src/trace/verdicts.js';
import { BASE } from '../fixtures/codes.js';
import { shown } from '../fixtures/load.js';

describe('balancers', () => {
  const file = (text: string) => `${BASE}balancers:\n  shop: {${text}}\n`;
  const one = 'backends: {a: {address: 10.1.0.11}}';

  it('say what does not fit, and where', () => {
    expect(shown(file(`at: 198.51.100.4, backends: {}`))).toEqual([
      '7:38 balancer-form: a balancer needs a backend that is enabled',
    ]);
    expect(
      shown(file(`at: 198.51.100.4, backends: {a: {address: 10.1.0.11, enabled: false}}`)),
    ).toEqual(['7:38 balancer-form: a balancer needs a backend that is enabled']);
    expect(shown(file(`at: [198.51.100.4, 198.51.100.400], from: wna, ${one}`))).toEqual([
      "7:29 address-invalid: '198.51.100.400' is not an address: each of the four numbers of an IPv4 address is 0 to 255",
      "7:52 unknown-zone: there is no zone 'wna'",
    ]);
    expect(shown(file(`at: 198.51.100.4, table-size: 252, ${one}`))).toEqual([
      "7:40 balancer-form: 252 is no prime, which the table's size has to be",
    ]);
    expect(shown(file(`at: 198.51.100.4, proxy: v1, ${one}`))).toEqual([
      "7:35 wrong-value: v2 is expected here, not 'v1'",
    ]);
    expect(shown(file(`at: 198.51.100.4, mode: gue, proxy: v2, ${one}`))).toEqual([
      "7:46 balancer-form: with 'gue' packets reach servers as they are",
    ]);
    expect(shown(file(`at: 198.51.100.4, mode: gue, syn-cookies: {above: 9}, ${one}`))).toEqual([
      "7:52 balancer-form: with 'gue' the appliance does not see what servers answer",
    ]);
  });
});

const ENTRIES = 65537;

/** Ten backends, or those without some of them. */
function farm(scheduler: string, without: readonly number[] = [], more = ''): string {
  const backends = Array.from({ length: 10 }, (_, i) => i)
    .filter((i) => !without.includes(i))
    .map((i) => `b${i}: {address: 10.1.0.${11 + i}, port: 8080}`);
  return `${BASE}routing: {static: [{to: 0.0.0.0/0, via: 198.51.100.1}]}
balancers: {shop: {at: 198.51.100.4, service: tcp/80, table-size: ${ENTRIES}, scheduler: ${scheduler}, ${more} backends: {${backends.join(', ')}}}}
policies: [{name: p, from: any, to: any, rules: [{name: r, destination: {balancer: shop}, action: allow}]}]
`;
}

describe.skipIf(!existsSync(datapathBinary()))('balancers in the datapath', () => {
  let datapath: OfflineDatapath | undefined;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath?.close());

  /** The backend of each of so many flows, a client address and port each. */
  async function backends(text: string, flows: number, ports = 1): Promise<(string | null)[]> {
    const { model, diagnostics } = loadModel('b.yaml', textReader(new Map([['b.yaml', text]])));
    if (model === null) throw new Error(diagnostics[0]?.message);
    const done = compileModel(model, { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error(done.diagnostics[0]?.message);
    await datapath!.load(done.image);
    const names = modelNames({ model, slots: done.slots });
    const found: (string | null)[] = [];
    for (let first = 0; first < flows; first += 1000) {
      const packets = Array.from({ length: Math.min(1000, flows - first) }, (_, k) => {
        const client = Math.floor((first + k) / ports);
        const packet = buildPacket({
          protocol: 6,
          source: { family: 4, value: BigInt(0xcb007100 + client) },
          destination: { family: 4, value: 0xc6336404n },
          sourcePort: 1024 + ((first + k) % ports) * 7 + (client % 40_000),
          destinationPort: 80,
          icmpType: 0,
          icmpCode: 0,
          tcpFlags: null,
          dscp: 0,
        });
        const iface = slotOf(done.slots.interfaces, 'wan');
        return { time: 1n, iface, bytes: etherFrame(packet, 4, 0) };
      });
      const { results } = await datapath!.run('trace', packets);
      for (const { backend, reason } of results)
        found.push(reason === 0 ? names.backend(backend) : null);
    }
    return found;
  }

  function counts(all: readonly (string | null)[]): number[] {
    const by = new Map<string | null, number>();
    for (const one of all) by.set(one, (by.get(one) ?? 0) + 1);
    expect(by.has(null)).toBe(false);
    return [...by.values()];
  }

  test('Maglev spreads flows, and moves few when a backend goes', async () => {
    const flows = 100_000;
    const before = await backends(farm('maglev'), flows);
    const shares = counts(before);
    expect(shares).toHaveLength(10);
    // Four standard deviations of what chance does to a tenth of the flows.
    for (const share of shares) expect(Math.abs(share - flows / 10)).toBeLessThan(400);
    const after = await backends(farm('maglev', [3]), flows);
    let moved = 0;
    before.forEach((one, i) => {
      if (one === 'b3') expect(after[i]).not.toBe('b3');
      else if (one !== after[i]) moved++;
    });
    const share = moved / before.filter((one) => one !== 'b3').length;
    process.stdout.write(
      `one of ten gone: ${(share * 100).toFixed(2)} % of the others' flows move\n`,
    );
    expect(share).toBeLessThan(0.01);
  });

  test('a prefix of clients stays with one backend', async () => {
    const more = 'persistence: {v4: 32},';
    const all = await backends(farm('maglev', [], more), 20_000, 20);
    for (let client = 0; client < 1000; client++)
      expect(new Set(all.slice(client * 20, client * 20 + 20)).size).toBe(1);
    expect(new Set(all).size).toBe(10);
  });

  test.each(['round-robin', 'least-connections'])('%s gives all their turn', async (scheduler) => {
    const shares = counts(await backends(farm(scheduler), 20_000));
    expect(shares).toHaveLength(10);
    for (const share of shares) expect(Math.abs(share - 2000)).toBeLessThan(250);
  });
});
