// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteShown } from '../../src/daemon/show/routes.js';
import { command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { writeRules } from './past.js';
import { Provider, withFrr } from './provider.js';

/** Routes that the provider announces; 100,000 take minutes on two busy cores. */
const ROUTES = Number(process.env['SLUICE_ROUTES'] ?? 10_000);
/** ms for all of them to come, or go. */
const LONG = 60_000 + ROUTES * 5;

const OURS = `router bgp 64500
 no bgp ebgp-requires-policy
 neighbor 198.51.100.1 remote-as 64501
 neighbor 198.51.100.1 timers connect 1
`;
const THEIRS = `router bgp 64501
 no bgp ebgp-requires-policy
 neighbor 198.51.100.2 remote-as 64500
 neighbor 198.51.100.2 timers connect 1
`;

const prefix = (i: number): string =>
  `${20 + Math.floor(i / 65536)}.${Math.floor(i / 256) % 256}.${i % 256}.0/24`;
/** Those that somebody lives in. */
const LIVED = [0, Math.floor(ROUTES / 2), ROUTES - 1];
const inhabitant = (i: number): string => prefix(i).replace('.0/24', '.80');

describe(`${ROUTES} routes of BGP by FRR`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-frr-many-'));
  let lab: Lab;
  let provider: Provider;
  let before = 0;

  const total = async (): Promise<number> =>
    (await lab.show<{ total: number }>('routes', '--limit', '1')).total;
  const announce = (no = '') =>
    provider.vtysh(
      'configure',
      'router bgp 64501',
      'address-family ipv4 unicast',
      `${no}redistribute kernel`,
    );

  /** ms until there are so many routes beside those from before. */
  async function counted(routes: number): Promise<number> {
    const { ms } = await until(`${routes} routes`, LONG, async () => {
      return (await total()) === before + routes;
    });
    return Math.round(ms);
  }

  async function memory(): Promise<string> {
    const { daemons } = await lab.show<{ daemons: { name: string; pid: number }[] }>('routing');
    const own = [
      { name: 'datapath', pid: lab.datapathPid },
      { name: 'sluiced', pid: lab.daemonPid },
    ];
    const sizes = [...own, ...daemons].map(({ name, pid }) => {
      const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return `${name} ${Math.round(Number(kilobytes) / 1024)} MB`;
    });
    return sizes.join(', ');
  }

  /** Waits until all of those who live there are reached, or none. */
  async function reached(wanted: boolean): Promise<void> {
    for (const i of LIVED)
      await until(`${inhabitant(i)}: ${String(wanted)}`, 30_000, async () => {
        return (await lab.hosts.inside.ping(inhabitant(i))) === wanted;
      });
  }

  beforeAll(async () => {
    lab = await Lab.start();
    const wan = `${lab.prefix}wan`;
    const lines = Array.from({ length: ROUTES }, (_, i) => `route add blackhole ${prefix(i)}`);
    for (const i of LIVED) lines.push(`address add ${inhabitant(i)}/32 dev lo`);
    await command(['ip', '-n', wan, '-batch', '-'], { input: lines.join('\n') });
    provider = await Provider.start(lab, THEIRS);
    const file = writeRules(lab, folder, [], '');
    writeFileSync(path.join(folder, 'edge.conf'), OURS);
    const settings = `settings: { max-routes: ${Math.max(65536, ROUTES * 2)} }\n\n`;
    writeFileSync(file, withFrr(readFileSync(file, 'utf8'), 'edge.conf', settings));
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
    await until('the session of BGP', 60_000, async () =>
      (await lab.sluice('show', 'routing')).stdout.includes('Established'),
    );
    before = await total();
  }, LONG);
  afterAll(async () => {
    provider.close();
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  test(
    'come, are used, go and come back',
    async () => {
      await reached(false);
      const empty = await memory();
      await announce();
      const came = await counted(ROUTES);
      await reached(true);
      const { routes } = await lab.show<{ routes: RouteShown[] }>('routes', '--limit', '0');
      expect(routes.filter(({ protocol }) => protocol === 'bgp')).toHaveLength(ROUTES);
      const full = await memory();
      await announce('no ');
      const went = await counted(0);
      await reached(false);
      await announce();
      const back = await counted(ROUTES);
      await reached(true);
      process.stdout.write(
        `${ROUTES} routes in use after ${came} ms, gone after ${went} ms, back after ${back} ms\n` +
          `memory before: ${empty}\nmemory with them: ${full}\n`,
      );
    },
    LONG * 4,
  );
});
