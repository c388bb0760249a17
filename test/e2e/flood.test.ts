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
 * What lives through floods, on the in-process rig: native/bench/flood.c. Prints a JSON line per
 * case; one alone: `npx vitest run --project e2e test/e2e/flood.test.ts -t NAME`.
 */

/** A step as the rig prints it; counts are packets unless said otherwise. */
interface Step {
  readonly step: string;
  readonly fed: number;
  readonly live: number;
  readonly flood: number;
  readonly fresh: number;
  /** Datagrams in two fragments: one right behind the other; the last one first and the other later. */
  readonly together: number;
  readonly apart: number;
  readonly out: number;
  readonly out_syn: number;
  readonly out_syn_ack: number;
  readonly out_rest: number;
  readonly out_together: number;
  readonly out_apart: number;
  /** Held. */
  readonly sessions: number;
  readonly evicted: number;
  readonly full: number;
  /** Held that are not whole, and fragments that wait for the first of theirs. */
  readonly datagrams: number;
  readonly held: number;
  readonly wrong: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly cycles: number;
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
  inside: { port: { vdev: 'net_null0,size=60' }, zone: inside, addresses: [172.16.0.1/24, 'fd00:1::1/64'] }
  outside: { port: { vdev: 'net_null1,size=60' }, zone: outside, addresses: [192.0.2.1/24, 'fd00:2::1/64'] }
zones: { inside: {${zone}}, outside: {} }
settings: { max-sessions: ${String(sessions)}${settings} }
routing:
  static:
    - { to: 10.0.0.0/8, via: 172.16.0.2 }
    - { to: 0.0.0.0/0, via: 192.0.2.2 }
    - { to: '2001:db8::/32', via: 'fd00:1::2' }
policies:
  - name: out
    from: inside
    to: outside
    rules: [{ name: all, source: 10.0.0.0/8, service: [tcp/443, tcp/80, udp/53], action: allow }]
`;
}

const FRAME = 64;
const FRAMES = 400_000;

const FEW = 20;

/** `few`: of that many sources; fragments are first or last ones whose others never come. */
type Kind = 'syn' | 'few-syn' | 'udp' | 'first' | 'last' | 'few-last' | 'last6';

/** Flags and offset of fragments. */
const FRAGMENT = new Map<Kind, number>([
  ['first', 0x2000],
  ['last', 0x0010],
  ['few-last', 0x0010],
]);

/** IPv4 at `ip` of a minimal frame; a fragmented datagram announces more than there is here. */
function fill4(view: DataView, ip: number, kind: Kind, random: () => number): void {
  const tcp = kind.endsWith('syn');
  const source = random() & 0x7fffff;
  view.setUint16(ip - 2, 0x0800);
  view.setUint16(ip, 0x4500);
  view.setUint16(ip + 2, tcp ? 40 : 44);
  view.setUint16(ip + 4, random() & 0xffff);
  view.setUint16(ip + 6, FRAGMENT.get(kind) ?? 0x4000);
  view.setUint8(ip + 8, 64);
  view.setUint8(ip + 9, tcp ? 6 : 17);
  view.setUint32(ip + 12, (10 << 24) | 0x800000 | (kind.startsWith('few') ? source % FEW : source));
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
    view.setUint16(ip + 24, FRAGMENT.has(kind) ? 1000 : 24);
  }
}

/** IPv6 at `ip`: a last fragment of two bytes, of any /64 of 2001:db8::/32. */
function fill6(view: DataView, ip: number, random: () => number): void {
  view.setUint16(ip - 2, 0x86dd);
  view.setUint8(ip, 0x60);
  view.setUint16(ip + 4, 10);
  view.setUint8(ip + 6, 44);
  view.setUint8(ip + 7, 64);
  view.setUint32(ip + 8, 0x20010db8);
  view.setUint32(ip + 12, random());
  view.setUint32(ip + 20, random());
  view.setUint32(ip + 24, 0xfd000002);
  view.setUint32(ip + 36, random());
  view.setUint8(ip + 40, 17);
  view.setUint16(ip + 42, 2 << 3);
  view.setUint32(ip + 44, random());
}

/** Minimal frames from random sources the reverse path knows. */
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
    bytes[at] = bytes[at + 6] = 2;
    bytes[at + 11] = 1;
    if (kind === 'last6') fill6(view, at + 14, random);
    else fill4(view, at + 14, kind, random);
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

function imageOf(setting: Setting): string {
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
  return image;
}

function run(setting: Setting, rig: Rig) {
  const image = imageOf(setting);
  const args = ['--bench', 'flood', '--image', image, '--no-huge', '--memory', '128'];
  for (const [name, value] of Object.entries({ ...rig, flood: undefined }))
    if (value !== undefined) args.push(`--${name}`, String(value));
  if (rig.flood !== undefined) {
    const file = path.join(folder, rig.flood);
    writeFileSync(file, floodOf(rig.flood));
    args.push('--frames', file);
  }
  const out = execFileSync(datapathBinary(), args, { encoding: 'utf8' });
  const lines = out.split('\n').filter((line) => line.startsWith('{"step"'));
  const steps = new Map(
    lines.map((line) => JSON.parse(line) as Step).map((one) => [one.step, one]),
  );
  const step = (name: string): Step => {
    const found = steps.get(name);
    if (found === undefined) throw new Error(`no step ${name}`);
    return found;
  };
  // Whatever came in went out, was dropped for a reason, or is held.
  for (const name of ['flood', 'after', 'again', 'freed']) {
    const { fed, out: sent, dropped, held } = step(name);
    expect(sent + held + Object.values(dropped).reduce((sum, n) => sum + n, 0)).toBe(fed);
  }
  return step;
}

function print(figures: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

describe('a full table', () => {
  test('holds two million sessions, refuses more, and takes new ones as old ones end', () => {
    const flows = 2_000_000;
    const fresh = 5_000;
    const step = run({ sessions: flows }, { flows, fresh });
    expect(step('open').sessions).toBe(flows);
    // None of the established ones goes for a new one; every packet of them passes.
    expect(step('flood')).toMatchObject({
      live: 2 * flows,
      out_rest: 2 * flows,
      fresh,
      out_syn: 0,
      full: fresh,
      wrong: 0,
      // The others are answers to what was not let in, and theirs.
      dropped: { 'session-table-full': fresh, 'tcp-no-session': 2 * fresh },
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
    print({
      case: 'full',
      sessions: flows,
      bytes_per_session: step('open').bytes_per_session,
      cycles: step('after').cycles,
    });
  });
});

const LIVE = 20_000;
const FRESH = 2_000;
const RIG = { flows: LIVE, fresh: FRESH, packets: 4_000_000 };

/** What was live lives, and once the flood is over all is as before it. Shares of what got through. */
function lives(name: string, step: ReturnType<typeof run>) {
  const during = step('flood');
  const { fed, live, flood, fresh, out_syn_ack, out_rest, wrong, cycles } = during;
  expect(flood).toBe(5 * live);
  // Whoever got an answer acknowledged it; all else that came out is of the live ones.
  expect({ fresh, wrong, live: out_rest - out_syn_ack }).toEqual({ fresh: FRESH, wrong: 0, live });
  expect(step('after')).toMatchObject({ out_rest: 2 * LIVE, wrong: 0, datagrams: 0 });
  expect(step('again')).toMatchObject({ out_syn: FRESH, out_rest: FRESH });
  const shares = {
    connected: out_syn_ack / fresh,
    together: during.out_together / during.together,
    apart: during.out_apart / during.apart,
  };
  print({
    case: name,
    live,
    lost: live - (out_rest - out_syn_ack),
    flood,
    ...shares,
    dropped: during.dropped,
    sessions: during.sessions,
    evicted: during.evicted,
    datagrams: during.datagrams,
    cycles_per_flood_packet: Math.round(
      (fed * cycles - (fed - flood) * step('after').cycles) / flood,
    ),
  });
  return shares;
}

describe('live connections', () => {
  test('in a flood of SYNs, the table without room for them', () => {
    const step = run({ sessions: 65_536 }, { ...RIG, flood: 'syn' });
    expect(lives('syn', step).connected).toBeGreaterThan(0.98);
    // Opening sessions give way, established ones never.
    expect(step('flood').evicted).toBeGreaterThan(0);
    expect(step('flood').sessions).toBeLessThanOrEqual(65_536);
  });

  test('in a flood of SYNs that the zone limits', () => {
    const zone = ' flood: { syn: 8000/s } ';
    const settings = ', timeouts: { tcp-opening: 1s }';
    const step = run({ sessions: 65_536, zone, settings }, { ...RIG, flood: 'syn' });
    // The limit does not know the good ones.
    expect(lives('syn, zone limit', step).connected).toBeLessThan(0.1);
    const { flood, evicted, full, dropped } = step('flood');
    expect({ evicted, full }).toEqual({ evicted: 0, full: 0 });
    expect(dropped['zone-flood']).toBeGreaterThan(0.9 * flood);
  });

  test('in a flood from few sources, which the zone limits each', () => {
    const zone = ' flood: { per-source: 20/s } ';
    const step = run({ sessions: 65_536, zone }, { ...RIG, flood: 'few-syn' });
    expect(lives('syn, few sources, source limit', step).connected).toBe(1);
    expect(step('flood').dropped['source-flood']).toBeGreaterThan(0);
    expect(step('flood').evicted).toBe(0);
  });

  test('in a flood of UDP', () => {
    const step = run({ sessions: 65_536 }, { ...RIG, flood: 'udp' });
    expect(lives('udp', step).connected).toBeGreaterThan(0.98);
    expect(step('flood').sessions).toBeLessThanOrEqual(65_536);
  });
});

interface Connecting {
  readonly flood: number;
  readonly clients: number;
  readonly connected: number;
  readonly flood_answered: number;
  readonly most_sessions: number;
  readonly evicted: number;
  readonly mpps: number;
}

describe('clients that connect in a flood of a million SYNs a second', () => {
  const SESSIONS = 20_000;
  const connecting = (zone: string): Connecting => {
    const image = imageOf({ sessions: SESSIONS, zone });
    const frames = path.join(folder, 'syn');
    writeFileSync(frames, floodOf('syn'));
    const args = ['--bench', 'syn-flood', '--image', image, '--no-huge', '--memory', '128'];
    const more = ['--frames', frames, '--fresh', '1000', '--packets', '3000000'];
    const out = execFileSync(datapathBinary(), [...args, ...more], { encoding: 'utf8' });
    const line = out.split('\n').find((one) => one.startsWith('{"flood"')) ?? '';
    process.stdout.write(`${line}\n`);
    return JSON.parse(line) as Connecting;
  };

  test('with SYN cookies: all of them, and the table stays empty', () => {
    const got = connecting(' syn-cookies: { above: 10000 } ');
    expect(got.connected).toBeGreaterThanOrEqual(990);
    // Those of the first moments, and the clients.
    expect(got.most_sessions).toBeLessThan(1000 + 2000);
    expect(got.evicted).toBe(0);
    expect(got.flood_answered).toBeGreaterThan(0.99 * got.flood);
  });

  test('without: the table is full of nothing', () => {
    const got = connecting('');
    expect(got.most_sessions).toBe(SESSIONS);
    expect(got.evicted).toBeGreaterThan(0);
  });
});

/** Datagrams held, enough for the gap of two turns of 320 in the rig's own datagrams, or not. */
const ROOM = 1024;
const NO_ROOM = 256;

function fragments(datagrams: number): Setting {
  const settings = `, fragments: { max-datagrams: ${String(datagrams)}, max-per-source: 64 }`;
  return { sessions: 65_536, settings };
}

describe('fragmented datagrams', () => {
  test('and first fragments that open sessions', () => {
    const step = run(fragments(ROOM), { ...RIG, flood: 'first' });
    const { connected, together, apart } = lives('first fragments', step);
    expect(Math.min(connected, together, apart)).toBeGreaterThan(0.98);
    expect(step('flood').datagrams).toBeLessThanOrEqual(ROOM);
  });

  test.each(['last', 'last6'] as const)('and fragments without their first: %s', (flood) => {
    const step = run(fragments(ROOM), { ...RIG, flood });
    expect(lives(flood, step)).toEqual({ connected: 1, together: 1, apart: 1 });
    expect(step('flood')).toMatchObject({ evicted: 0, full: 0 });
    expect(step('flood').datagrams).toBeLessThanOrEqual(ROOM);
    expect(step('flood').dropped['fragment-table-full']).toBeGreaterThan(0);
  });

  test('a table too small for the gap between fragments', () => {
    const step = run(fragments(NO_ROOM), { ...RIG, flood: 'last' });
    const shares = lives('last, small table', step);
    expect(shares).toMatchObject({ connected: 1, together: 1 });
    // The very first ones find room.
    expect(shares.apart).toBeLessThan(0.001);
    expect(step('flood').datagrams).toBeLessThanOrEqual(NO_ROOM);
  });

  test('the limit per source keeps the table for others', () => {
    const step = run(fragments(8192), { ...RIG, flood: 'few-last' });
    expect(lives('last, few sources', step)).toEqual({ connected: 1, together: 1, apart: 1 });
    const { datagrams, dropped } = step('flood');
    expect(datagrams).toBeLessThanOrEqual(FEW * 64);
    expect(dropped['fragment-source-flood']).toBeGreaterThan(0);
    expect(dropped['fragment-table-full']).toBeUndefined();
  });
});
