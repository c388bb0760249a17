// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { importAsa } from '../../../src/import/asa/import.js';
import { readAsa } from '../../reference/asa.js';
import { randomAsa } from '../../reference/asa-configs.js';
import { aimedPacket, randomFrom } from '../../reference/iptables-packets.js';
import { judged } from './judged.js';

/** The import through the datapath itself, against an interpreter of configurations. */
describe.skipIf(!existsSync(datapathBinary()))('trace agrees with an ASA', () => {
  let datapath: OfflineDatapath;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath.close());

  test('random configurations', { timeout: 600_000 }, async () => {
    let [compared, allowed] = [0, 0];
    for (let seed = 1; seed <= 100; seed++) {
      const random = randomFrom(seed);
      const text = randomAsa(random);
      const { text: file, problems, refused } = importAsa(text);
      expect({ seed, problems, refused }).toEqual({ seed, problems: [], refused: undefined });
      const asa = readAsa(text);
      const make = () =>
        aimedPacket(
          { edges: asa.edges, chains: new Map(), policies: new Map() },
          {
            family: 4,
            interfaces: ['inside', 'outside', 'dmz', 'guests'],
            local: [0x0a030050n, 0x0a020505n],
          },
          random,
        );
      const { wrong, seen } = await judged(datapath, file, 1000, make, (packet) =>
        packet.out === null ? null : new Set([asa.judge(packet)]),
      );
      expect({ seed, wrong, text: wrong.length > 0 ? text : '' }).toEqual({
        seed,
        wrong: [],
        text: '',
      });
      compared += seen.compared;
      allowed += seen.allowed;
    }
    process.stdout.write(`${compared} packets compared, ${allowed} allowed\n`);
    expect(compared).toBeGreaterThan(50_000);
    expect(allowed).toBeGreaterThan(10_000);
  });
});
