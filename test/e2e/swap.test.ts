// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileModel, type Compiled } from '../../src/compiler/image.js';
import { loadModel } from '../../src/compiler/load.js';
import { noSlots, type Slots } from '../../src/compiler/slots.js';
import { liveModel, renew } from '../../src/daemon/groups/live.js';
import { datapathBinary } from '../../src/datapath/offline.js';
import { textReader } from '../../src/rulefile/reader.js';

const RULES = 10_000;
const FLOWS = 4_000;
const DENIABLE = 500;

type Done = Extract<Compiled, { ok: true }>;

/** What soak_swap prints, see native/test/soak_swap.c. */
interface Soak {
  readonly packets: number;
  readonly pps: number;
  readonly handed_over: number;
  readonly lost: number;
  readonly denied_packets: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly stage_ms: { median: number; max: number };
  readonly activate_ms: { median: number; max: number };
}

/** 10k rules between the rig's two ports; `action` is of the flows from 10.200.0.0/16. */
function ruleFile(action: 'allow' | 'deny', first: readonly string[] = []): string {
  const rules = Array.from({ length: RULES - 2 - first.length }, (_, i) => {
    const source = `192.168.${String((i >> 8) & 255)}.${String(i & 255)}`;
    const destination = `203.${String(i % 113)}.${String((i >> 4) & 255)}.0/24`;
    return `{ name: r${String(i)}, source: ${source}, destination: ${destination}, service: tcp/${String(1 + i)}, action: deny }`;
  });
  rules.push(`{ name: some, source: 10.200.0.0/16, service: tcp/443, action: ${action} }`);
  rules.push('{ name: others, source: 10.0.0.0/8, service: tcp/443, action: allow }');
  return `version: 1
interfaces:
  inside: { port: { vdev: 'net_null0,size=60' }, zone: inside, addresses: [172.16.0.1/24] }
  outside: { port: { vdev: 'net_null1,size=60' }, zone: outside, addresses: [192.0.2.1/24] }
zones: { inside: {}, outside: {} }
settings: { max-sessions: 65536 }
routing:
  static:
    - { to: 10.0.0.0/8, via: 172.16.0.2 }
    - { to: 0.0.0.0/0, via: 192.0.2.2 }
policies:
  - name: soak
    from: inside
    to: outside
    rules:
${[...first, ...rules].map((rule) => `      - ${rule}\n`).join('')}`;
}

function compiled(action: 'allow' | 'deny', generation: number, slots: Slots): Done {
  const texts = new Map([['soak.yaml', ruleFile(action)]]);
  const { model, diagnostics } = loadModel('soak.yaml', textReader(texts));
  expect(diagnostics).toEqual([]);
  if (model === null) throw new Error('no model');
  const done = compileModel(model, { generation, slots });
  if (!done.ok) throw new Error('no image');
  return done;
}

/** Alone in its scheduling group, with more weight than what else the machine does: it is paced. */
function run(
  program: string,
  args: readonly string[],
): Promise<{ code: number; out: string; err: string }> {
  const script = 'echo -20 2>/dev/null >/proc/self/autogroup; exec "$0" "$@"';
  return new Promise((resolve, reject) => {
    const child = spawn('setsid', ['sh', '-c', script, program, ...args]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code: code ?? 1, out, err });
    });
  });
}

const soak = path.join(path.dirname(datapathBinary()), 'soak_swap');
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-soak-'));
const images = ['allows', 'denies'].map((name) => path.join(folder, name));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a hundred activations under load', () => {
  beforeAll(() => {
    const allows = compiled('allow', 1, noSlots());
    const denies = compiled('deny', 2, allows.slots);
    [allows, denies].forEach(({ image }, i) => {
      writeFileSync(images[i] ?? '', image);
    });
  });
  test.each([1, 2, 4])(
    '%i workers: no packet lost, sessions kept and ended as known',
    async (n) => {
      const options = ['--workers', String(n), '--flows', String(FLOWS), '--swaps', '100'];
      const { code, out, err } = await run(soak, [...options, ...images]);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      const figures = JSON.parse(out) as Soak;
      process.stdout.write(out);
      expect(figures).toMatchObject({
        workers: n,
        flows: FLOWS,
        deniable: DENIABLE,
        activations: 100,
        unexplained: 0,
        disorder: 0,
        forbidden: 0,
        malformed: 0,
        kept: [FLOWS - DENIABLE, FLOWS - DENIABLE],
        ended: [0, DENIABLE],
        kept_wrong: 0,
        ended_wrong: 0,
        // Each activation does what the preview before it said.
        preview_wrong: 0,
      });
      const { 'handover-full': full = 0, ...refused } = figures.dropped;
      // On a machine that is too busy for the pace the rings may fill: named, and outside the claim.
      expect(figures.lost).toBeLessThanOrEqual(full);
      expect(Object.keys(refused).sort()).toEqual(
        ['policy-changed', 'policy-deny', 'tcp-no-session'].filter((name) => name in refused),
      );
      if (full === 0) expect(refused['policy-deny']).toBe(50 * DENIABLE);
      // Data, SYNs and data again of every denied flow, in each of the fifty rounds.
      expect(figures.denied_packets).toBeGreaterThan(50 * DENIABLE * 3);
      if (n > 1) expect(figures.handed_over).toBeGreaterThan(figures.packets / 4);
    },
  );
});

const PREFIXES = 100_000;
const BGP = '../shared/data/bgp/prefixes.txt.gz';

/** Real prefixes spread over the table where there is one; else /24s. */
function prefixes(which: number): string {
  if (!existsSync(BGP))
    return Array.from({ length: PREFIXES }, (_, i) => {
      const n = i * 2 + which;
      return `${20 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.0/24\n`;
    }).join('');
  const all = gunzipSync(readFileSync(BGP)).toString('utf8').trim().split('\n');
  const step = Math.floor(all.length / PREFIXES);
  return Array.from({ length: PREFIXES }, (_, i) => `${all[i * step + which] ?? ''}\n`).join('');
}

describe('a group of 100,000 prefixes from a file, swapped under load', () => {
  const lists = ['without', 'with'].map((name) => path.join(folder, `group-${name}`));
  const rule = '{ name: listed, source: { from-file: list.txt }, action: deny }';

  beforeAll(() => {
    const text = prefixes(0);
    const texts = { 'soak.yaml': ruleFile('allow', [rule]), 'list.txt': text };
    const { model, groups } = loadModel('soak.yaml', textReader(new Map(Object.entries(texts))));
    if (model === null || groups === null) throw new Error('no model');
    const before = compileModel(model, { generation: 1, slots: noSlots() });
    if (!before.ok) throw new Error('no image');
    const live = liveModel({ main: 'soak.yaml', model, groups }, '/', texts, () => '');
    const start = performance.now();
    const next = new Map([['/list.txt', `${prefixes(1)}10.200.0.0/16\n`]]);
    const renewed = renew(live, null, textReader(next));
    const read = performance.now() - start;
    if (renewed.live === null) throw new Error('no new members');
    const after = compileModel(renewed.live.model, { generation: 1, slots: before.slots });
    if (!after.ok) throw new Error('no image');
    const compile = performance.now() - start - read;
    process.stdout.write(
      `members read in ${read.toFixed(0)} ms, compiled in ${compile.toFixed(0)} ms\n`,
    );
    [before, after].forEach(({ image }, i) => {
      writeFileSync(lists[i] ?? '', image);
    });
  });

  test.each([1, 2])('%i workers: no packet lost, one generation', async (n) => {
    const options = ['--workers', String(n), '--flows', String(FLOWS), '--swaps', '20'];
    const { code, out, err } = await run(soak, [...options, ...lists]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    process.stdout.write(out);
    const figures = JSON.parse(out) as Soak;
    expect(figures).toMatchObject({
      activations: 20,
      unexplained: 0,
      disorder: 0,
      forbidden: 0,
      malformed: 0,
      kept: [FLOWS - DENIABLE, FLOWS - DENIABLE],
      ended: [0, DENIABLE],
      kept_wrong: 0,
      ended_wrong: 0,
    });
    expect(figures.lost).toBeLessThanOrEqual(figures.dropped['handover-full'] ?? 0);
    expect(figures.denied_packets).toBeGreaterThan(10 * DENIABLE * 3);
  });
});
