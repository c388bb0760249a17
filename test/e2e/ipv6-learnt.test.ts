// SPDX-License-Identifier: BSD-3-Clause
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InterfaceShown } from '../../src/daemon/show/interfaces.js';
import type { RouteShown } from '../../src/daemon/show/routes.js';
import type { SessionShown } from '../../src/daemon/show/sessions.js';
import { command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';
import { runAt, writeRules } from './past.js';

/** ms for what is learnt to be in force. */
const SOON = 30_000;

describe('an interface that learns its addresses by IPv6', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-ipv6-'));
  let lab: Lab;
  let file: string;
  let router: ChildProcess;
  let server: ChildProcess;

  async function stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  }

  /** The provider's router: radvd tells of these prefixes; those of `old` are not for new sessions. */
  async function advertise(
    prefixes: readonly string[],
    old: readonly string[] = [],
  ): Promise<void> {
    const blocks = [...prefixes, ...old].map((prefix) => {
      const preferred = old.includes(prefix) ? 0 : 600;
      return `prefix ${prefix} { AdvValidLifetime 600; AdvPreferredLifetime ${preferred}; };`;
    });
    const pace = 'MinRtrAdvInterval 3; MaxRtrAdvInterval 4;';
    const conf = path.join(folder, 'radvd.conf');
    const text = `interface eth0 { AdvSendAdvert on; ${pace} AdvLinkMTU 1440; ${blocks.join(' ')} };\n`;
    writeFileSync(conf, text);
    const options = ['-n', '-C', conf, '-p', path.join(folder, 'radvd.pid'), '-m', 'stderr'];
    const script = ['sh', '-c', 'exec "$@" 2>&1', 'sh', 'radvd', ...options];
    router = await runAt(lab, 'wan', script);
    router.stdout?.resume();
  }

  /** The provider's server, which lends an address and a prefix of this pool. */
  async function lend(address: string, pool: string): Promise<void> {
    const conf = path.join(folder, 'kea.json');
    const subnet = {
      subnet: '2001:db8:1::/64',
      interface: 'eth0',
      pools: [{ pool: `${address}-${address}` }],
      'pd-pools': [{ prefix: pool, 'prefix-len': 52, 'delegated-len': 56 }],
    };
    const lasting = {
      'renew-timer': 3,
      'rebind-timer': 8,
      'preferred-lifetime': 10,
      'valid-lifetime': 14,
    };
    const Dhcp6 = {
      'interfaces-config': { interfaces: ['eth0'] },
      'lease-database': { type: 'memfile', persist: false },
      'server-id': { type: 'EN', 'enterprise-id': 32473, identifier: '01', persist: false },
      ...lasting,
      subnet6: [subnet],
      loggers: [{ name: 'kea-dhcp6', output_options: [{ output: 'stdout' }], severity: 'INFO' }],
    };
    writeFileSync(conf, JSON.stringify({ Dhcp6 }));
    const env = ['env', `KEA_PIDFILE_DIR=${folder}`, 'KEA_LOCKFILE_DIR=none'];
    server = await runAt(lab, 'wan', [...env, 'kea-dhcp6', '-c', conf]);
    server.stdout?.resume();
  }

  const shown = async (name: string): Promise<InterfaceShown | undefined> => {
    const { interfaces } = await lab.show<{ interfaces: readonly InterfaceShown[] }>('interfaces');
    return interfaces.find((one) => one.name === name);
  };
  const addresses = async (name: string): Promise<readonly string[]> =>
    (await shown(name))?.addresses.filter((one) => one.includes(':')) ?? [];
  const has = (name: string, address: string, timeout = SOON) =>
    until(`${name} ${address}`, timeout, async () => (await addresses(name)).includes(address));
  const lost = (name: string, address: string) =>
    until(`${name} without ${address}`, SOON, async () => {
      return !(await addresses(name)).includes(address);
    });
  const generation = async () => (await lab.show<{ generation: number }>('version')).generation;
  /** What a session to the internet looks like there. */
  async function seenAs(host: 'inside' | 'dmz' = 'inside'): Promise<string | undefined> {
    const flow = await lab.hosts[host].tcp(INTERNET.v6, 80);
    await flow.echo('out');
    const found = await established();
    await flow.close();
    await until('the session ends', SOON, async () => (await established()).length === 0);
    return found[0];
  }
  async function established(): Promise<(string | undefined)[]> {
    const argv = ['sessions', '--destination', INTERNET.v6, '--protocol', 'tcp'];
    const { sessions } = await lab.show<{ sessions: readonly SessionShown[] }>(...argv);
    return sessions.filter(({ state }) => state === 'established').map(({ nat }) => nat?.source);
  }

  const OWN = async (prefix: string): Promise<string> => {
    const { mac } = (await shown('wan')) ?? { mac: null };
    const parts = (mac ?? '').split(':').map((part) => parseInt(part, 16));
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = parts;
    const id = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
    return `${prefix}:0:${id.map((word) => word.toString(16)).join(':')}`;
  };

  beforeAll(async () => {
    lab = await Lab.start({ workers: 2 });
    file = writeRules(
      lab,
      folder,
      [],
      `
nat:
  nptv6: [{ name: servers, zone: internet, inside: 'fd00:14::/64', outside: wan }]
  source:
    - { name: office, from: inside, to: internet, source: '2001:db8:a::/64', translate-to: interface }
`,
    );
    const text = readFileSync(file, 'utf8')
      .replace(
        "198.51.100.2/28, '2001:db8:1::2/64']",
        '198.51.100.2/28, ra, dhcpv6]\n    request-prefix: 56',
      )
      .replace("'2001:db8:14::1/64']", "'fd00:14::1/64']\n    delegated: { from: wan, subnet: 20 }")
      .replace("    - { to: '::/0', via: '2001:db8:1::1' }\n", '')
      .replace(
        '  - name: published',
        `  - { name: answers, from: internet, to: local, rules: [{ name: ping, service: ping, action: allow }] }
  - { name: servers-out, from: dmz, to: internet, rules: [{ name: web, service: tcp/80, action: allow }] }

  - name: published`,
      );
    writeFileSync(file, text);
    await advertise(['2001:db8:1::/64']);
    await lend('2001:db8:1::100', '2001:db8:100::');
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
    // What a relay does for the prefixes it sees lent.
    const { value: link } = await until('a link-local address', SOON, async () => {
      const { stdout } = await lab.inEdge('ip', '-6', '-br', 'address', 'show', 'dev', 'wan');
      return /fe80:[0-9a-f:]+/.exec(stdout)?.[0];
    });
    const wan = `${lab.prefix}wan`;
    for (const prefix of ['2001:db8:100::/52', '2001:db8:100:1000::/52'])
      await command(['ip', '-n', wan, 'route', 'add', prefix, 'via', link, 'dev', 'eth0']);
    const dmz = `${lab.prefix}dmz`;
    await command(['ip', '-n', dmz, 'address', 'add', 'fd00:14::11/64', 'dev', 'eth0', 'nodad']);
    await command([
      'ip',
      '-n',
      dmz,
      'route',
      'replace',
      '::/0',
      'via',
      'fd00:14::1',
      'src',
      'fd00:14::11',
    ]);
  });
  afterAll(async () => {
    await stop(router);
    await stop(server);
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  test('has an address in the prefix, the router, the MTU and what is masqueraded', async () => {
    const own = await OWN('2001:db8:1');
    await has('wan', `${own}/64`);
    expect((await shown('wan'))?.mtu).toBe(1440);
    const { routes } = await lab.show<{ routes: readonly RouteShown[] }>('routes');
    expect(routes.find(({ prefix }) => prefix === '::/0')).toMatchObject({
      kind: 'gateway',
      interface: 'wan',
      via: expect.stringMatching(/^fe80::/) as string,
    });
    expect(await lab.hosts.wan.ping(own)).toBe(true);
  });

  test('has the address of the server, and lends a subnet on', async () => {
    await has('wan', '2001:db8:1::100/128');
    await has('dmz', '2001:db8:100:14::1/64');
    expect(await lab.hosts.wan.ping('2001:db8:1::100')).toBe(true);
    expect(await lab.hosts.wan.ping('2001:db8:100:14::1')).toBe(true);
    expect(['2001:db8:1::100', await OWN('2001:db8:1')]).toContain(await seenAs());
    expect(await seenAs('dmz')).toMatch(/^2001:db8:100:0:/);
  });

  test('renews its lease', async () => {
    const granted = () => lab.inEdge('cat', path.join(lab.runDirectory, 'leases.json'));
    const first = JSON.parse((await granted()).stdout) as { key: string; until: number }[];
    const end = first.find(({ key }) => key.startsWith('addresses'))?.until ?? 0;
    await until('a later end', SOON, async () => {
      const now = JSON.parse((await granted()).stdout) as typeof first;
      return now.some(({ key, until }) => key.startsWith('addresses') && until > end + 5000);
    });
    expect(await addresses('wan')).toContain('2001:db8:1::100/128');
  });

  test('follows another prefix without a commit', async () => {
    const before = await generation();
    await stop(server);
    await lend('2001:db8:1::200', '2001:db8:100:1000::');
    await has('dmz', '2001:db8:100:1014::1/64');
    await has('wan', '2001:db8:1::200/128');
    await lost('dmz', '2001:db8:100:14::1/64');
    await lost('wan', '2001:db8:1::100/128');
    // The kernel has them first.
    await until('an answer', SOON, () => lab.hosts.wan.ping('2001:db8:100:1014::1'));
    await until('the other prefix outside', SOON, async () =>
      (await seenAs('dmz'))?.startsWith('2001:db8:100:1000:'),
    );
    expect(await generation()).toBe(before);
  });

  test('sluiced may end and come back: addresses stay, and an apply changes nothing', async () => {
    const flow = await lab.hosts.inside.tcp(INTERNET.v6, 80);
    await lab.stopDaemon();
    await flow.echo('without');
    await lab.startDaemon(2);
    await has('wan', '2001:db8:1::200/128');
    const { stdout } = await lab.sluice('apply', file);
    expect(stdout).toMatch(/^unchanged/);
    await flow.echo('with');
    await flow.close();
  });

  test('nobody has what a server does not renew', async () => {
    await stop(server);
    await lost('wan', '2001:db8:1::200/128');
    await lost('dmz', '2001:db8:100:1014::1/64');
    expect(await seenAs()).toBe(await OWN('2001:db8:1'));
  });

  test('a new prefix of the link is for new sessions; those of the old one go on', async () => {
    const flow = await lab.hosts.inside.tcp(INTERNET.v6, 80);
    await flow.echo('before');
    const wan = `${lab.prefix}wan`;
    await command(['ip', '-n', wan, 'address', 'add', '2001:db8:2::1/64', 'dev', 'eth0', 'nodad']);
    await stop(router);
    await advertise(['2001:db8:2::/64'], ['2001:db8:1::/64']);
    const own = await OWN('2001:db8:2');
    await has('wan', `${own}/64`);
    await until('it comes first', SOON, async () => (await addresses('wan'))[0] === `${own}/64`);
    await flow.echo('after');
    const other = await lab.hosts.inside.tcp(INTERNET.v6, 80);
    await other.echo('new');
    expect((await established()).sort()).toEqual([await OWN('2001:db8:1'), own].sort());
    for (const one of [flow, other]) await one.close();
  });
});
