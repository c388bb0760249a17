// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import { noSlots, slotOf } from '../../../src/compiler/slots.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { importIptables } from '../../../src/import/iptables/import.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { CONSTANTS as C } from '../../../src/tables/layout.js';
import { MESSAGE_CONSTANTS as M } from '../../../src/tables/messages.js';
import { interpret, readIptables, type World } from '../../reference/iptables.js';
import { randomDump } from '../../reference/iptables-dumps.js';
import { aimedPacket, frameOf, randomFrom } from '../../reference/iptables-packets.js';

const SAMPLES = join(import.meta.dirname, '../../../../shared/data/imports/iptables');
const VERDICTS = ['allow', 'deny', 'reject'] as const;
/** Between packets, so that no limit is ever reached. */
const APART = 60_000_000_000n;

/** The import through the datapath itself, against an interpreter of iptables. */
describe.skipIf(!existsSync(datapathBinary()))('trace agrees with iptables', () => {
  let datapath: OfflineDatapath | undefined;
  let now = 1_800_000_000_000_000_000n;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath?.close());

  /** Packets of which it says another thing, and how many were not compared and why. */
  async function compare(text: string, count: number, seed: number, exact = true) {
    const imported = importIptables(text);
    expect(imported.refused).toBeUndefined();
    const reader = textReader(new Map([['x.yaml', imported.text]]));
    const { model, diagnostics } = loadModel('x.yaml', reader);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const done = compileModel(model!, { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error(done.diagnostics[0]?.message);
    await datapath!.load(done.image);
    const { slots } = done;
    const zones = new Map(model!.zones.map(({ name }) => [slotOf(slots.zones, name), name]));
    const prefixes = model!.interfaces.flatMap(({ addresses }) => addresses);
    const local = prefixes.map(({ address }) => address.value);
    const family = prefixes[0]!.address.family;
    const world: World = {
      local,
      broadcast:
        family === 6
          ? []
          : [
              0xffffffffn,
              ...prefixes
                .filter(({ length }) => length < 31)
                .map(({ address, length }) => address.value | ((1n << BigInt(32 - length)) - 1n)),
            ],
      sets: new Map(),
    };
    const firewall = readIptables(text);
    const random = randomFrom(seed);
    const interfaces = model!.interfaces.map(({ name }) => name);
    const wrong: unknown[] = [];
    const seen = { compared: 0, unparsed: 0, implicit: 0, routeless: 0, link: 0, unknown: 0 };
    for (let first = 0; first < count; first += 1000) {
      const packets = Array.from({ length: Math.min(1000, count - first) }, () =>
        aimedPacket(firewall, { family, interfaces, local }, random),
      );
      const batch = packets.map((packet) => ({
        time: (now += APART),
        iface: slotOf(slots.interfaces, packet.in),
        bytes: frameOf(packet),
      }));
      const { results } = await datapath!.run('trace', batch);
      const base = Math.min(...results.map(({ input }) => input));
      for (const { input, rule, route, to, verdict } of results) {
        const packet = packets[input - base]!;
        if (rule === M.RULE_NOT_ASKED) seen.unparsed++;
        else if (rule < C.RULE_FIRST && rule !== C.RULE_DEFAULT_DENY) seen.implicit++;
        else if (route === M.ROUTE_MISSING) seen.routeless++;
        // Neighbour discovery never leaves its link, whatever rules say (RFC 4861).
        else if (route === M.ROUTE_FOUND && to === C.ZONE_LOCAL) seen.link++;
        else {
          const whole = { ...packet, out: to === C.ZONE_LOCAL ? null : zones.get(to)! };
          const want = interpret(firewall, whole, world);
          const got = VERDICTS[verdict]!;
          if (want.size > 1) {
            seen.unknown++;
            // What is not understood may be denied, but never let in where iptables may deny.
            if (got === 'allow') wrong.push({ ...whole, want: [...want], got });
          } else {
            seen.compared++;
            if (!want.has(got) && (exact || got === 'allow'))
              wrong.push({ ...whole, want: [...want], got });
          }
        }
      }
    }
    return { wrong: wrong.slice(0, 3), seen };
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
