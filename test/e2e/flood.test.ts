// SPDX-License-Identifier: BSD-3-Clause
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compileModel } from '../../src/compiler/image.js';
import { loadModel } from '../../src/compiler/load.js';
import { noSlots } from '../../src/compiler/slots.js';
import { datapathBinary } from '../../src/datapath/offline.js';
import { textReader } from '../../src/rulefile/reader.js';

/*
 * What lives through floods, on the in-process rig: native/bench/flood.c. Figures of one case:
 * `npx vitest run --project e2e test/e2e/flood.test.ts -t NAME`.
 */

/** A step as the rig prints it; counts are packets, but for `sessions` and `fragments` held. */
interface Step {
  readonly step: string;
  readonly live: number;
  readonly flood: number;
  readonly fresh: number;
  readonly out: number;
  readonly out_syn: number;
  readonly out_syn_ack: number;
  readonly out_rest: number;
  readonly sessions: number;
  readonly evicted: number;
  readonly full: number;
  readonly fragments: number;
  readonly wrong: number;
  readonly bytes_per_session: number;
}

interface Setting {
  readonly sessions: number;
  readonly zone?: string;
  readonly settings?: string;
}

function ruleFile({ sessions, zone = '', settings = '' }: Setting): string {
  return `version: 1
interfaces:
  inside: { port: { vdev: 'net_null0,size=60' }, zone: inside, addresses: [172.16.0.1/24] }
  outside: { port: { vdev: 'net_null1,size=60' }, zone: outside, addresses: [192.0.2.1/24] }
zones: { inside: {${zone}}, outside: {} }
settings: { max-sessions: ${String(sessions)}${settings} }
routing:
  static:
    - { to: 10.0.0.0/8, via: 172.16.0.2 }
    - { to: 0.0.0.0/0, via: 192.0.2.2 }
policies:
  - name: out
    from: inside
    to: outside
    rules: [{ name: all, source: 10.0.0.0/8, service: [tcp/443, tcp/80, udp/53], action: allow }]
`;
}

const FRAME = 64;
const FRAMES = 400_000;

/** `few`: SYNs of a hundred sources; `first` and `rest`: fragments whose others never come. */
type Kind = 'syn' | 'few' | 'udp' | 'first' | 'rest';

/** Flags and offset of fragments. */
const FRAGMENT = new Map<Kind, number>([
  ['first', 0x2000],
  ['rest', 0x2010],
]);

/** Minimal frames from random sources the reverse path knows; a first fragment has no others. */
function floodOf(kind: Kind): Uint8Array {
  const bytes = new Uint8Array(FRAMES * FRAME);
  const view = new DataView(bytes.buffer);
  let x = 0x2545f491;
  const random = (): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
  for (let at = 0; at < bytes.length; at += FRAME) {
    const tcp = kind === 'syn' || kind === 'few';
    const length = tcp ? 40 : 44;
    const source = random() & 0x7fffff;
    const ip = at + 14;
    bytes[at] = bytes[at + 6] = 2;
    bytes[at + 11] = 1;
    view.setUint16(at + 12, 0x0800);
    view.setUint16(ip, 0x4500);
    view.setUint16(ip + 2, length);
    view.setUint16(ip + 4, random() & 0xffff);
    view.setUint16(ip + 6, FRAGMENT.get(kind) ?? 0x4000);
    bytes[ip + 8] = 64;
    bytes[ip + 9] = tcp ? 6 : 17;
    view.setUint32(ip + 12, (10 << 24) | 0x800000 | (kind === 'few' ? source % 100 : source));
    view.setUint32(ip + 16, ((198 << 24) | (18 << 16) | (random() & 0x1ffff)) >>> 0);
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += view.getUint16(ip + i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    view.setUint16(ip + 10, ~sum & 0xffff);
    view.setUint16(ip + 20, 1024 + (random() % 60_000));
    view.setUint16(ip + 22, tcp ? 80 : 53);
    if (tcp) {
      view.setUint32(ip + 24, random());
      view.setUint16(ip + 32, 0x5002);
      view.setUint16(ip + 34, 65535);
    } else {
      // Of the fragmented datagram more is announced than there is here.
      view.setUint16(ip + 24, FRAGMENT.has(kind) ? 1000 : 24);
    }
  }
  return bytes;
}

const folder = mkdtempSync(path.join(tmpdir(), 'sluice-flood-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Rig {
  readonly flows: number;
  readonly fresh: number;
  readonly packets?: number;
  readonly flood?: Kind;
}

function run(setting: Setting, rig: Rig) {
  const { model, diagnostics } = loadModel(
    'f.yaml',
    textReader(new Map([['f.yaml', ruleFile(setting)]])),
  );
  expect(diagnostics).toEqual([]);
  if (model === null) throw new Error('no model');
  const compiled = compileModel(model, { generation: 1, slots: noSlots() });
  if (!compiled.ok) throw new Error('no image');
  const image = path.join(folder, 'image');
  writeFileSync(image, compiled.image);
  const args = ['--bench', 'flood', '--image', image, '--no-huge', '--memory', '128'];
  for (const [name, value] of Object.entries({ ...rig, flood: undefined }))
    if (value !== undefined) args.push(`--${name}`, String(value));
  if (rig.flood !== undefined) {
    const file = path.join(folder, rig.flood);
    writeFileSync(file, floodOf(rig.flood));
    args.push('--frames', file);
  }
  const out = execFileSync(datapathBinary(), args, { encoding: 'utf8' });
  process.stdout.write(out);
  const lines = out.split('\n').filter((line) => line.startsWith('{'));
  const records = lines.map(
    (line) => JSON.parse(line) as Step | { dropped: string; packets: number },
  );
  const dropped = new Map(
    records.flatMap((one) => ('dropped' in one ? [[one.dropped, one.packets]] : [])),
  );
  const steps = new Map(records.flatMap((one) => ('step' in one ? [[one.step, one]] : [])));
  const step = (name: string): Step => {
    const found = steps.get(name);
    if (found === undefined) throw new Error(`no step ${name}`);
    return found;
  };
  return { dropped, step };
}

describe('a full table', () => {
  test('holds two million sessions, refuses more, and takes new ones as old ones end', () => {
    const flows = 2_000_000;
    const fresh = 5_000;
    const { dropped, step } = run({ sessions: flows }, { flows, fresh });
    expect(step('open').sessions).toBe(flows);
    // None of the established ones goes for a new one; every packet of them passes.
    expect(step('flood')).toMatchObject({
      live: 2 * flows,
      out_rest: 2 * flows,
      fresh,
      out_syn: 0,
      full: fresh,
      wrong: 0,
    });
    expect(step('after')).toMatchObject({ out_rest: 2 * flows, sessions: flows, wrong: 0 });
    expect(step('again')).toMatchObject({ out_syn: 0, full: fresh });
    // As many ended as now begin.
    expect(step('freed')).toMatchObject({
      out_syn: fresh,
      out_rest: fresh,
      full: 0,
      sessions: flows,
    });
    expect(dropped.get('session-table-full')).toBe(2 * fresh);
  });
});

const LIVE = 20_000;
const FRESH = 2_000;
const RIG = { flows: LIVE, fresh: FRESH, packets: 4_000_000 };

/** What was live lives, and once the flood is over all is as before it; the share that connected. */
function lives({ step }: ReturnType<typeof run>): number {
  const { live, flood, fresh, out_syn_ack, out_rest, wrong } = step('flood');
  expect(flood).toBe(5 * live);
  // Whoever got an answer acknowledged it; all else that came out is of the live ones.
  expect({ fresh, wrong, live: out_rest - out_syn_ack }).toEqual({ fresh: FRESH, wrong: 0, live });
  expect(step('after')).toMatchObject({ out_rest: 2 * LIVE, wrong: 0, fragments: 0 });
  expect(step('again')).toMatchObject({ out_syn: FRESH, out_rest: FRESH });
  const share = out_syn_ack / fresh;
  process.stdout.write(`connected in the flood: ${(share * 100).toFixed(1)} %\n`);
  return share;
}

describe('live connections', () => {
  test('in a flood of SYNs, the table without room for them', () => {
    const done = run({ sessions: 65_536 }, { ...RIG, flood: 'syn' });
    expect(lives(done)).toBeGreaterThan(0.9);
    // Opening sessions give way, established ones never.
    expect(done.step('flood').evicted).toBeGreaterThan(0);
    expect(done.step('flood').sessions).toBeLessThanOrEqual(65_536);
  });

  test('in a flood of SYNs that the zone limits', () => {
    const zone = ' flood: { syn: 8000/s } ';
    const settings = ', timeouts: { tcp-opening: 1s }';
    const done = run({ sessions: 65_536, zone, settings }, { ...RIG, flood: 'syn' });
    // The limit does not know the good ones.
    expect(lives(done)).toBeLessThan(0.1);
    const { flood, evicted, full } = done.step('flood');
    expect({ evicted, full }).toEqual({ evicted: 0, full: 0 });
    expect(done.dropped.get('zone-flood')).toBeGreaterThan(0.9 * flood);
  });

  test('in a flood from few sources, which the zone limits each', () => {
    const zone = ' flood: { per-source: 20/s } ';
    const done = run({ sessions: 65_536, zone }, { ...RIG, flood: 'few' });
    expect(lives(done)).toBe(1);
    expect(done.dropped.get('source-flood')).toBeGreaterThan(0);
    expect(done.step('flood').evicted).toBe(0);
  });

  test('in a flood of UDP', () => {
    const done = run({ sessions: 65_536 }, { ...RIG, flood: 'udp' });
    expect(lives(done)).toBeGreaterThan(0.9);
    expect(done.step('flood').sessions).toBeLessThanOrEqual(65_536);
  });

  test.each(['first', 'rest'] as const)('in a flood of fragments: %s', (flood) => {
    const settings = ', fragments: { max-datagrams: 1024, max-per-source: 64 }';
    const done = run({ sessions: 65_536, settings }, { ...RIG, flood });
    expect(lives(done)).toBeGreaterThan(0.9);
    expect(done.step('flood').fragments).toBeLessThanOrEqual(1024);
    if (flood === 'rest') {
      expect(done.step('flood')).toMatchObject({ evicted: 0, full: 0, sessions: LIVE + FRESH });
      expect(done.dropped.get('fragment-table-full')).toBeGreaterThan(0);
    }
  });
});
