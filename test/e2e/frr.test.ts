// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteShown } from '../../src/daemon/show/routes.js';
import { command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { writeRules } from './past.js';

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
  let provider = '';
  const daemons: ChildProcess[] = [];
  let lab: Lab;
  let file: string;

  const vtysh = (...lines: string[]): Promise<string> =>
    command([
      ...(['vtysh', '--vty_socket', provider, '--config_dir', provider] as const),
      ...lines.flatMap((line) => ['-c', line]),
    ]);

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
    provider = `/run/frr/${lab.prefix}wan`;
    await command(['install', '-d', '-o', 'frr', '-g', 'frr', '/run/frr', provider]);
    writeFileSync(path.join(folder, 'theirs.conf'), THEIRS);
    writeFileSync(path.join(provider, 'vtysh.conf'), '');
    for (const name of ['zebra', 'bgpd']) {
      const argv = ['-i', `${provider}/${name}.pid`, '--vty_socket', provider, '-P', '0'];
      const more = ['-z', `${provider}/zserv.api`, '-f', '/dev/null'];
      const within = ['netns', 'exec', `${lab.prefix}wan`, `/usr/lib/frr/${name}`];
      daemons.push(spawn('ip', [...within, ...argv, ...more], { stdio: 'ignore' }));
    }
    await until('the provider answers', 60_000, async () =>
      vtysh('show bgp summary').then(
        () => true,
        () => false,
      ),
    );
    await vtysh('show version');
    await command([
      ...(['vtysh', '--vty_socket', provider, '--config_dir', provider] as const),
      ...['-f', path.join(folder, 'theirs.conf')],
    ]);
    const addresses = [THERE.v4 + '/32', THERE.v6 + '/128'];
    for (const address of addresses)
      await command(['ip', '-n', `${lab.prefix}wan`, 'address', 'add', address, 'dev', 'lo']);
    file = writeRules(lab, folder, [], '');
    writeFileSync(path.join(folder, 'edge.conf'), OURS);
    const text = readFileSync(file, 'utf8')
      .replace('    - { to: 0.0.0.0/0, via: 198.51.100.1 }\n', '')
      .replace('routing:\n', 'routing:\n  frr: edge.conf\n')
      .replace(
        '  - name: published',
        '  - { name: peers, from: internet, to: local, rules: [{ name: bgp, service: tcp/179, action: allow }] }\n\n  - name: published',
      );
    writeFileSync(file, text);
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    for (const daemon of daemons) daemon.kill();
    await lab.close();
    for (const one of [provider, folder]) rmSync(one, { recursive: true, force: true });
  });

  test('come, and traffic goes by them', async () => {
    await has('both', ['192.0.2.0/24', '2001:db8:4444::/48']);
    expect(await lab.hosts.inside.ping(THERE.v4)).toBe(true);
    const routing = (await lab.sluice('show', 'routing')).stdout;
    expect(routing).toMatch(/^198\.51\.100\.1 +ipv4 +64501 +Established/m);
  });

  test('are withdrawn, and come back', async () => {
    const network = ['configure', 'router bgp 64501', 'address-family ipv4 unicast'];
    await vtysh(...network, 'no network 192.0.2.0/24');
    await has('one', ['2001:db8:4444::/48']);
    expect(await lab.hosts.inside.ping(THERE.v4)).toBe(false);
    await vtysh(...network, 'network 192.0.2.0/24');
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
      (await vtysh('show bgp ipv4 unicast')).includes('10.20.0.0/24'),
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
