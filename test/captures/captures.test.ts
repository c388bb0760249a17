// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileFile, type CompiledFile } from '../../src/cli/compiled.js';
import { BATCH } from '../../src/cli/offline.js';
import { merge, openInputs } from '../../src/cli/replay-inputs.js';
import { Replay, type Totals } from '../../src/cli/replay-run.js';
import { OfflineDatapath } from '../../src/datapath/offline.js';
import { projectRoot } from '../../src/datapath/root.js';
import { MESSAGE_CONSTANTS as M } from '../../src/tables/messages.js';

/** Real captures, well-formed and not; SLUICE_DATA names another folder laid out alike. */
const DATA = path.join(
  process.env['SLUICE_DATA'] ?? path.join(projectRoot(), '../shared/data'),
  'pcap',
);
const captures = existsSync(DATA)
  ? readdirSync(DATA, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.pcap(ng)?$/.test(name))
      .sort()
  : [];

const compiled = compileFile(path.join(projectRoot(), 'rules/office.yaml'))!;
let datapath: OfflineDatapath;
beforeAll(async () => {
  datapath = await OfflineDatapath.start();
});
afterAll(async () => {
  await datapath.close();
});

/** Replays a capture, on an empty session table; null for a file that is refused. */
async function replay(file: string, rules: CompiledFile = compiled): Promise<Totals | null> {
  const inputs = openInputs(rules, [`inside=${file}`]);
  if (typeof inputs === 'number') return null;
  await datapath.load(rules.image);
  const run = new Replay(rules, datapath, null);
  await run.run(inputs);
  return run.totals();
}

function expectWhole(totals: Totals): void {
  const dropped = Object.values(totals.dropped).reduce((sum, count) => sum + count, 0);
  expect(totals.forwarded + totals.local + dropped).toBe(totals.in);
  expect(Object.keys(totals.dropped)).not.toContain('none');
  expect(Object.keys(totals.dropped)).not.toContain('unknown');
}

/** A generator of numbers below 2^32 that gives the same ones in every run. */
function random(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}

/** A copy with bytes changed behind the Ethernet header and the IP version: little gets past those. */
function change({ bytes }: { readonly bytes: Uint8Array }, next: () => number): Uint8Array {
  const copy = bytes.slice();
  for (let n = copy.length / 20; n > 0; n--)
    if (copy.length > 15) copy[15 + (next() % (copy.length - 15))] = next() & 0xff;
  return copy;
}

describe.skipIf(captures.length === 0)('every packet of a capture is accounted for', () => {
  test.each(captures)('%s', async (name) => {
    const totals = await replay(path.join(DATA, name));
    if (totals !== null) expectWhole(totals);
  });

  test('and so is every packet when one byte in twenty is changed at random', async () => {
    let packets = 0;
    for (const [i, name] of captures.entries()) {
      const inputs = openInputs(compiled, [`inside=${path.join(DATA, name)}`]);
      if (typeof inputs === 'number') continue;
      const next = random(i + 1);
      const changed = [...merge(inputs)].map((packet) => ({
        ...packet,
        bytes: change(packet, next),
      }));
      await datapath.load(compiled.image);
      // Fragments may be answered for with a later batch.
      const answered: number[] = [];
      for (let at = 0; at < changed.length; at += BATCH) {
        const batch = changed.slice(at, at + BATCH);
        const { results } = await datapath.run('replay', batch, at + BATCH >= changed.length);
        for (const { input, fate, reason } of results) {
          answered.push(input);
          expect(reason !== 0, `${name}: reason ${reason}`).toBe(fate === M.FATE_DROPPED);
        }
      }
      expect(answered.sort((a, b) => a - b)).toEqual(changed.map((_, n) => n));
      packets += answered.length;
    }
    expect(packets).toBeGreaterThan(1000);
  }, 300_000);
});

/** ESP to a gateway that has not agreed on any of it, here played by the appliance. */
const ESP = path.join(DATA, '../esp');
describe.skipIf(!existsSync(ESP))('ESP nobody has a key for is dropped, and counted by why', () => {
  test.each([
    ['esp_truncated.pcap', { 'ip4-bad-total-length': 1 }],
    ['espudp1.pcap', { 'esp-no-sa': 8 }],
    ['02-sunrise-sunset-esp.pcap', { 'esp-no-sa': 8 }],
  ])('%s', async (name, dropped) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-esp-'));
    const file = path.join(folder, 'rules.yaml');
    writeFileSync(
      file,
      'version: 1\ninterfaces: { inside: { zone: inside, addresses: [192.1.2.45/24] } }\nzones: { inside: {} }\n',
    );
    const gateway = compileFile(file)!;
    rmSync(folder, { recursive: true });
    expect(await replay(path.join(ESP, name), gateway)).toMatchObject({ forwarded: 0, dropped });
  });
});
