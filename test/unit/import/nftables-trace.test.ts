// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../../src/compiler/model.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { importNftables } from '../../../src/import/nftables/import.js';
import { aimedPacket, randomFrom } from '../../reference/iptables-packets.js';
import { readNftables } from '../../reference/nftables.js';
import { randomNftables } from '../../reference/nftables-rulesets.js';
import { judged, worldOf } from './judged.js';

const SAMPLES = join(import.meta.dirname, '../../../../shared/data/imports/nftables');

/** The import through the datapath itself, against an interpreter of rulesets. */
describe.skipIf(!existsSync(datapathBinary()))('trace agrees with nftables', () => {
  let datapath: OfflineDatapath;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath.close());

  async function compare(text: string, more: string, count: number, seed: number) {
    const read = (path: string) => (path.endsWith('-vars.conf') ? more : null);
    const imported = importNftables(text, { file: 'x.nft', read });
    expect(imported.refused).toBeUndefined();
    const nft = readNftables(text, more);
    const random = randomFrom(seed);
    const make = ({ interfaces }: Model) => {
      const local = interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address));
      const families = [...new Set(local.map(({ family }) => family))];
      const family = families[random(families.length)]!;
      return aimedPacket(
        { edges: edges[family], chains: new Map(), policies: new Map() },
        {
          family,
          interfaces: interfaces.map(({ name }) => name),
          local: local.filter((one) => one.family === family).map(({ value }) => value),
        },
        random,
      );
    };
    const of = (family: 4 | 6) =>
      nft.edges.map((one) => {
        const fits = (value: bigint) => family === 6 || value < 1n << 32n;
        const { source, destination } = one.addresses;
        return {
          ...one,
          addresses: { source: source.filter(fits), destination: destination.filter(fits) },
        };
      });
    const edges = { 4: of(4), 6: of(6) };
    const ask = (packet: Parameters<typeof nft.judge>[0], model: Model) =>
      new Set([nft.judge(packet, worldOf(model))]);
    return {
      ...(await judged(datapath, imported.text, count, make, ask)),
      problems: imported.problems,
    };
  }

  test('random rulesets', { timeout: 600_000 }, async () => {
    let [compared, allowed] = [0, 0];
    for (let seed = 1; seed <= 60; seed++) {
      const text = randomNftables(randomFrom(seed));
      const { wrong, seen } = await compare(text, '', 600, seed);
      expect({ seed, wrong, text: wrong.length > 0 ? text : '' }).toEqual({
        seed,
        wrong: [],
        text: '',
      });
      compared += seen.compared;
      allowed += seen.allowed;
    }
    process.stdout.write(`${compared} packets compared, ${allowed} allowed\n`);
    expect(compared).toBeGreaterThan(20_000);
    expect(allowed).toBeGreaterThan(4000);
  });

  // What is neither known to be is left out of both: hop limits, and what was translated.
  test
    .skipIf(!existsSync(SAMPLES))
    .each(['inet-filter.nft', 'workstation.nft', 'sets_and_maps.nft', 'zbf.conf'])(
    'the sample %s (../shared/data/imports/nftables)',
    { timeout: 120_000 },
    async (name) => {
      const text = readFileSync(join(SAMPLES, name), 'utf8').replace(
        /^.*(hoplimit|ct status).*$/gm,
        '',
      );
      const more = readFileSync(join(SAMPLES, 'zbf-vars.conf'), 'utf8');
      const { wrong, seen } = await compare(text, name === 'zbf.conf' ? more : '', 2000, 1);
      process.stdout.write(`${name}: ${JSON.stringify(seen)}\n`);
      expect(wrong).toEqual([]);
      expect(seen.compared).toBeGreaterThan(1000);
    },
  );
});
