// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../../src/compiler/model.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { importIptables } from '../../../src/import/iptables/import.js';
import { interpret, readIptables, type Packet } from '../../reference/iptables.js';
import { randomDump } from '../../reference/iptables-dumps.js';
import { aimedPacket, randomFrom } from '../../reference/iptables-packets.js';
import { judged, worldOf } from './judged.js';

const SAMPLES = join(import.meta.dirname, '../../../../shared/data/imports/iptables');
/** The import through the datapath itself, against an interpreter of iptables. */
describe.skipIf(!existsSync(datapathBinary()))('trace agrees with iptables', () => {
  let datapath: OfflineDatapath | undefined;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath?.close());

  async function compare(text: string, count: number, seed: number, exact = true) {
    const imported = importIptables(text);
    expect(imported.refused).toBeUndefined();
    const firewall = readIptables(text);
    const random = randomFrom(seed);
    const make = ({ interfaces }: Model) => {
      const local = interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address));
      return aimedPacket(
        firewall,
        {
          family: local[0]!.family,
          interfaces: interfaces.map(({ name }) => name),
          local: local.map(({ value }) => value),
        },
        random,
      );
    };
    const ask = (packet: Packet, model: Model) => interpret(firewall, packet, worldOf(model));
    return judged(datapath!, imported.text, count, make, ask, exact);
  }

  test('random dumps', { timeout: 600_000 }, async () => {
    let compared = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const kind = {
        family: seed % 3 === 0 ? 6 : 4,
        chains: seed % 6,
        rules: 3 + (seed % 8),
        unknown: 0,
      } as const;
      const text = randomDump(kind, randomFrom(seed));
      const { wrong, seen } = await compare(text, 1000, seed);
      expect({ seed, wrong, text: wrong.length > 0 ? text : '' }).toEqual({
        seed,
        wrong: [],
        text: '',
      });
      compared += seen.compared;
      expect(seen.unknown).toBe(0);
    }
    expect(compared).toBeGreaterThan(100_000);
  });

  test('many rules, so that interfaces are conditions', { timeout: 600_000 }, async () => {
    for (const seed of [1, 2, 3]) {
      const plain = randomDump({ family: 4, chains: 3, rules: 400, unknown: 0 }, randomFrom(seed));
      let n = 0;
      const text = plain.replace(
        /^(-A (?:INPUT|FORWARD) )(?!.*-i )/gm,
        (start) => `${start}-i eth${n++ % 3} `,
      );
      expect(importIptables(text).text).toMatch(/^ {8}in: eth/m);
      const { wrong, seen } = await compare(text, 5000, seed);
      expect({ seed, wrong }).toEqual({ seed, wrong: [] });
      expect(seen.compared).toBeGreaterThan(4000);
    }
  });

  test('what is not understood lets nothing in', { timeout: 600_000 }, async () => {
    let unknown = 0;
    for (let seed = 1001; seed <= 1100; seed++) {
      const kind = { family: 4, chains: seed % 6, rules: 3 + (seed % 8), unknown: 25 } as const;
      const text = randomDump(kind, randomFrom(seed));
      const { wrong, seen } = await compare(text, 1000, seed, false);
      expect({ seed, wrong, text: wrong.length > 0 ? text : '' }).toEqual({
        seed,
        wrong: [],
        text: '',
      });
      unknown += seen.unknown;
    }
    expect(unknown).toBeGreaterThan(1000);
  });

  test.skipIf(!existsSync(SAMPLES)).each(existsSync(SAMPLES) ? readdirSync(SAMPLES) : [])(
    'the sample %s (../shared/data/imports/iptables)',
    { timeout: 120_000 },
    async (name) => {
      const text = readFileSync(join(SAMPLES, name), 'utf8');
      const { wrong, seen } = await compare(text, 5000, 1);
      process.stdout.write(`${name}: ${JSON.stringify(seen)}\n`);
      expect(wrong).toEqual([]);
      expect(seen.compared).toBeGreaterThan(1500);
    },
  );
});
