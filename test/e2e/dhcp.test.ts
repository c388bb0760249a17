// SPDX-License-Identifier: BSD-3-Clause
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InterfaceShown } from '../../src/daemon/show/interfaces.js';
import type { SessionShown } from '../../src/daemon/show/sessions.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';
import { runAt, writeRules } from './past.js';

describe('an interface that learns its address by DHCP', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-dhcp-'));
  let lab: Lab;
  let server: ChildProcess;
  let file: string;

  /** The provider's server, which has one address to give. */
  async function serve(address: string): Promise<void> {
    const argv = ['dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--port=0', '--log-dhcp'];
    const one = [`--dhcp-range=${address},${address},255.255.255.240,2m`, '--dhcp-authoritative'];
    const more = ['--interface=eth0', '--bind-interfaces', '--dhcp-option=3,198.51.100.1'];
    const leases = `--dhcp-leasefile=${path.join(folder, `leases-${address}`)}`;
    server = await runAt(lab, 'wan', [
      'sh',
      '-c',
      'exec "$@" 2>&1',
      'sh',
      ...argv,
      ...one,
      ...more,
      leases,
      '--user=root',
    ]);
    server.stdout?.resume();
  }

  const addresses = async (): Promise<readonly string[]> => {
    const { interfaces } = await lab.show<{ interfaces: readonly InterfaceShown[] }>('interfaces');
    return interfaces.find(({ name }) => name === 'wan')?.addresses ?? [];
  };

  const has = (address: string) =>
    until(address, 20_000, async () => (await addresses()).includes(`${address}/28`));

  const translated = async (): Promise<readonly (string | undefined)[]> => {
    const argv = ['sessions', '--destination', INTERNET.v4, '--protocol', 'tcp'];
    const { sessions } = await lab.show<{ sessions: readonly SessionShown[] }>(...argv);
    return sessions.filter(({ state }) => state === 'established').map(({ nat }) => nat?.source);
  };

  beforeAll(async () => {
    lab = await Lab.start({ workers: 2 });
    file = writeRules(
      lab,
      folder,
      [],
      `
nat: { source: [{ name: office, from: inside, to: internet, translate-to: interface }] }
`,
    );
    const text = readFileSync(file, 'utf8')
      .replace("addresses: [198.51.100.2/28, '", "addresses: [dhcp, '")
      .replace('    - { to: 0.0.0.0/0, via: 198.51.100.1 }\n', '')
      .replace(
        '  - name: published',
        '  - { name: answers, from: internet, to: local, rules: [{ name: ping, service: ping, action: allow }] }\n\n  - name: published',
      );
    writeFileSync(file, text);
    await serve('198.51.100.5');
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    server.kill();
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  test('has the address, the default route and what is translated to it', async () => {
    await has('198.51.100.5');
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await flow.echo('out');
    expect(await translated()).toEqual(['198.51.100.5']);
    expect(await lab.hosts.wan.ping('198.51.100.5')).toBe(true);
    await flow.close();
  });

  test('another address comes into force without a commit; sessions of the old one end', async () => {
    const before = await lab.show<{ generation: number }>('version');
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await flow.echo('before');
    const other = await lab.hosts.inside.tcp('10.20.0.11', 8080);
    await other.echo('not translated');
    const gone = once(server, 'exit');
    server.kill();
    await gone;
    await serve('198.51.100.6');
    process.kill(
      Number(readFileSync(path.join(lab.runDirectory, 'dhcp-wan.pid'), 'utf8')),
      'SIGUSR1',
    );
    await has('198.51.100.6');
    expect(await addresses()).not.toContain('198.51.100.5/28');
    await expect(flow.echo('after', 500)).rejects.toThrow();
    await other.echo('still there');
    const fresh = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await fresh.echo('again');
    expect(await translated()).toEqual(['198.51.100.6']);
    expect(await lab.hosts.wan.ping('198.51.100.6')).toBe(true);
    expect(await lab.hosts.wan.ping('198.51.100.5')).toBe(false);
    expect((await lab.show<{ generation: number }>('version')).generation).toBe(before.generation);
    for (const one of [flow, other, fresh]) await one.close();
  });

  test('sluiced may end and come back: the address stays, and an apply changes nothing', async () => {
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await lab.stopDaemon();
    await flow.echo('without');
    await lab.startDaemon(2);
    await has('198.51.100.6');
    const { stdout } = await lab.sluice('apply', file);
    expect(stdout).toMatch(/^unchanged/);
    await flow.echo('with');
    await flow.close();
  });
});
