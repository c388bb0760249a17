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

const OURS = `router bgp 64500
 no bgp ebgp-requires-policy
 neighbor 198.51.100.1 remote-as 64501
 neighbor 198.51.100.1 timers connect 1
 neighbor 2001:db8:1::1 remote-as 64501
 neighbor 2001:db8:1::1 timers connect 1
 address-family ipv4 unicast
  no neighbor 2001:db8:1::1 activate
 exit-address-family
 address-family ipv6 unicast
  neighbor 2001:db8:1::1 activate
 exit-address-family
`;
/** Networks that the provider announces; what it has there is on its loopback. */
const THERE = { v4: '192.0.2.80', v6: '2001:db8:4444::80' } as const;
const THEIRS = `router bgp 64501
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 198.51.100.2 remote-as 64500
 neighbor 198.51.100.2 timers connect 1
 neighbor 2001:db8:1::2 remote-as 64500
 neighbor 2001:db8:1::2 timers connect 1
 address-family ipv4 unicast
  network 192.0.2.0/24
  no neighbor 2001:db8:1::2 activate
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:4444::/48
  neighbor 2001:db8:1::2 activate
 exit-address-family
`;

describe('routes of BGP by FRR', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-frr-'));
  let provider: Provider;
  let lab: Lab;
  let file: string;

  const learnt = async (): Promise<string[]> => {
    const { routes } = await lab.show<{ routes: readonly RouteShown[] }>('routes');
    return routes
      .filter(({ protocol }) => protocol === 'bgp')
      .map(({ prefix }) => prefix)
      .sort();
  };
  const has = (what: string, prefixes: readonly string[]) =>
    until(what, 60_000, async () => JSON.stringify(await learnt()) === JSON.stringify(prefixes));

  beforeAll(async () => {
    lab = await Lab.start();
    provider = await Provider.start(lab, THEIRS);
    const addresses = [THERE.v4 + '/32', THERE.v6 + '/128'];
    for (const address of addresses)
      await command(['ip', '-n', `${lab.prefix}wan`, 'address', 'add', address, 'dev', 'lo']);
    file = writeRules(lab, folder, [], '');
    writeFileSync(path.join(folder, 'edge.conf'), OURS);
    writeFileSync(file, withFrr(readFileSync(file, 'utf8'), 'edge.conf'));
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    provider.close();
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  test('come, and traffic goes by them', async () => {
    await has('both', ['192.0.2.0/24', '2001:db8:4444::/48']);
    expect(await lab.hosts.inside.ping(THERE.v4)).toBe(true);
    const routing = (await lab.sluice('show', 'routing')).stdout;
    expect(routing).toMatch(/^198\.51\.100\.1 +ipv4 +64501 +Established/m);
  });

  test('are withdrawn, and come back', async () => {
    const network = ['configure', 'router bgp 64501', 'address-family ipv4 unicast'];
    await provider.vtysh(...network, 'no network 192.0.2.0/24');
    await has('one', ['2001:db8:4444::/48']);
    expect(await lab.hosts.inside.ping(THERE.v4)).toBe(false);
    await provider.vtysh(...network, 'network 192.0.2.0/24');
    await has('both again', ['192.0.2.0/24', '2001:db8:4444::/48']);
    expect(await lab.hosts.inside.ping(THERE.v4)).toBe(true);
  });

  test('a change of the file alone is a commit that leaves the sessions of BGP as they are', async () => {
    const before = await lab.show<{ daemons: { pid: number }[] }>('routing');
    writeFileSync(
      path.join(folder, 'edge.conf'),
      OURS.replace('  no neighbor', '  network 10.20.0.0/24\n  no neighbor'),
    );
    const { stdout } = await lab.sluice('apply', file);
    expect(stdout).not.toMatch(/^unchanged/);
    await until('announced', 60_000, async () =>
      (await provider.vtysh('show bgp ipv4 unicast')).includes('10.20.0.0/24'),
    );
    const after = await lab.show<{ daemons: { pid: number }[] }>('routing');
    expect(after.daemons).toEqual(before.daemons);
    expect(await learnt()).toEqual(['192.0.2.0/24', '2001:db8:4444::/48']);
  });

  test('without the file FRR ends and its routes go', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('  frr: edge.conf\n', ''));
    await lab.sluice('apply', file);
    await has('none', []);
    expect((await lab.sluice('show', 'routing')).stdout).toBe(
      'FRR does not run: there is no routing.frr\n',
    );
  });
});
