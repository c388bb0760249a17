// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TunnelsShown } from '../../src/daemon/show/vpn.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { processIn } from './processes.js';
import { Strongswan } from './strongswan.js';
import { tunnelRules } from './tunnel-rules.js';

/*
 * Many tunnels, every other one with an interface: SLUICE_TUNNELS says how many, 1000 is what a box
 * is to carry. Prints what it took: `SLUICE_TUNNELS=1000 npx vitest run --project e2e vpn-many`.
 */
const COUNT = Number(process.env['SLUICE_TUNNELS'] ?? 50);
/** ms, a generous multiple of what was measured. */
const PATIENCE = 180_000 + COUNT * 600;
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-vpn-many-'));
let lab: Lab;
let peer: Strongswan;

const names = Array.from({ length: COUNT }, (_, i) => `t${i}`);
const at = (first: string, i: number): string => `${first}.${i >> 8}.${i & 255}`;
const peerOf = (i: number): string => at('198.18', i);
const serverOf = (i: number): string => at('10.50', i);
const isRouted = (i: number): boolean => i % 2 === 0;
const figures: Record<string, number> = {};

function rules(changed = ''): string {
  const tunnels = names.map((name, i) => {
    const selectors = isRouted(i)
      ? ''
      : `, local: 10.1.0.0/16, remote: ${serverOf(i)}/32, zone: vpn`;
    const more = name === changed ? ', replay-window: 64' : '';
    return [
      name,
      `peer: ${peerOf(i)}, local-id: edge, remote-id: ${name}, psk: { secret: psk }, esp-proposals: aes128gcm16-x25519${selectors}${more}`,
    ] as const;
  });
  const routed = names.flatMap((name, i) =>
    isRouted(i) ? [`{ to: ${serverOf(i)}/32, interface: ${name} }`] : [],
  );
  const text = tunnelRules(lab, new Map(tunnels), routed);
  return names.reduce(
    (all, name, i) =>
      isRouted(i) ? all : all.replace(`  ${name}: { tunnel: ${name}, zone: vpn }\n`, ''),
    text,
  );
}

const theirs = (name: string, i: number): string => `${name} { version = 2
  local_addrs = ${peerOf(i)}
  remote_addrs = 198.51.100.2
  local { auth = psk
    id = ${name} }
  remote { auth = psk
    id = edge }
  children { ${name} { local_ts = ${serverOf(i)}/32
    remote_ts = 10.1.0.0/16
    esp_proposals = aes128gcm16-x25519 } } }\n`;

const shown = async () => (await lab.api.get('/show/vpn/tunnels')) as TunnelsShown;

function resident(pid: number): number {
  const [, kB] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kB) / 1024);
}

async function remember(when: string): Promise<void> {
  figures[`sluiced MB ${when}`] = resident(lab.daemonPid);
  figures[`datapath MB ${when}`] = resident(lab.datapathPid);
  const charon = await processIn(`${lab.prefix}edge`, 'charon-systemd');
  if (charon !== null) figures[`charon MB ${when}`] = resident(charon);
}

/** ms of a process's CPU so far. */
function cpuOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function apply(what: string, text: string): Promise<void> {
  writeFileSync(`${folder}/rules.yaml`, text);
  const [start, cpu] = [performance.now(), cpuOf(lab.daemonPid)];
  const { code, stderr, stdout } = await lab.sluice('apply', `${folder}/rules.yaml`, '--json');
  expect([code, stderr]).toEqual([0, '']);
  figures[`${what}, the whole command ms`] = Math.round(performance.now() - start);
  figures[`${what}, CPU of sluiced ms`] = cpuOf(lab.daemonPid) - cpu;
  const { stages } = JSON.parse(stdout) as { stages: Readonly<Record<string, number>> };
  figures[`${what}, all stages ms`] = Math.round(
    Object.values(stages).reduce((sum, ms) => sum + ms, 0),
  );
  for (const [stage, ms] of Object.entries(stages))
    if (ms >= 10) figures[`${what}, ${stage} ms`] = Math.round(ms);
}

async function allUp(): Promise<void> {
  await until('all up', PATIENCE, async () => {
    // A look costs charon what an SA costs: not all the time.
    await wait(Math.min(1000, COUNT));
    return (await shown()).tunnels.every(({ state }) => state === 'up');
  });
}

beforeAll(async () => {
  lab = await Lab.start();
  peer = new Strongswan(`${lab.prefix}wan`);
  await peer.addresses(...names.flatMap((_, i) => [`${peerOf(i)}/32`, `${serverOf(i)}/32`]));
  // All come from one address at once, which an attacker would do.
  await peer.start({
    settings:
      'cookie_threshold = 0\n block_threshold = 0\n ikesa_table_size = 1024\n ikesa_table_segments = 16',
  });
  await peer.load(names.map(theirs).join(''), 'ike-all { secret = "psk of all" }');
  await lab.api.post('/secrets', { name: 'psk', value: 'psk of all' });
  await remember('before');
}, PATIENCE);
afterAll(async () => {
  console.table(figures); // eslint-disable-line no-console -- what it is for
  await peer.close();
  await lab.close();
  rmSync(folder, { recursive: true });
});

test(`${COUNT} tunnels come up`, { timeout: PATIENCE * 2 }, async () => {
  const start = performance.now();
  await apply('commit', rules());
  await allUp();
  figures['up after ms'] = Math.round(performance.now() - start);
  await remember('after');
  for (const i of new Set([0, 1, COUNT >> 1, COUNT - 1]))
    expect([names[i], await lab.hosts.inside.ping(serverOf(i))]).toEqual([names[i], true]);
});

test('a commit that changes one leaves the others', { timeout: PATIENCE }, async () => {
  const spis = async () =>
    new Map(
      (await shown()).tunnels.map(({ name, children }) => [
        name,
        children.map((one) => one.spi_in),
      ]),
    );
  const before = await spis();
  await apply('commit of one', rules('t1'));
  await until('the one that changed', 30_000, async () => {
    const { tunnels } = await shown();
    const now = tunnels.find(({ name }) => name === 't1');
    return now?.state === 'up' && now.children[0]?.spi_in !== before.get('t1')?.[0];
  });
  const after = await spis();
  expect([...after].filter(([name]) => name !== 't1')).toEqual(
    [...before].filter(([name]) => name !== 't1'),
  );
});

test('another datapath has them all again', { timeout: PATIENCE * 2 }, async () => {
  const start = performance.now();
  process.kill(lab.datapathPid, 'SIGKILL');
  for (const i of names.keys())
    await until(`${names[i]} passes`, PATIENCE, () => lab.hosts.inside.ping(serverOf(i)));
  figures['all pass after SIGKILL of the datapath ms'] = Math.round(performance.now() - start);
});
