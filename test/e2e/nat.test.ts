// SPDX-License-Identifier: BSD-3-Clause
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BalancerShown } from '../../src/daemon/show/balancers.js';
import type { PoolShown } from '../../src/daemon/show/nat.js';
import type { SessionShown } from '../../src/daemon/show/sessions.js';
import type { Flow } from '../../src/lab/host.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';

/** The office with everybody behind the address of wan, and the server by public ones. */
function ruleFile(office: string): string {
  const published = 'rules:\n      - { name: web,';
  return `${office.replace(
    published,
    `rules:\n      - { name: mail, destination: { forward: mail }, action: allow }\n      - { name: shop, destination: { balancer: shop }, action: allow }\n      - { name: web,`,
  )}
nat:
  pools: { few: { addresses: 198.51.100.5, ports: 40000-40003 } }
  source:
    - { name: few, from: inside, to: internet, destination: 203.0.113.80, service: udp/53, translate-to: few }
    - { name: office, from: inside, to: internet, translate-to: interface }
  forwards:
    - { name: mail, at: 198.51.100.3, service: tcp/25, translate-to: 10.20.0.11, port: 8080 }
    - { name: web, at: wan, service: tcp/8080, translate-to: 10.20.0.11 }
  static:
    - { name: server, zone: internet, inside: 10.20.0.11, outside: 198.51.100.4 }
balancers:
  shop:
    at: 198.51.100.6
    service: tcp/80
    backends: { up: { address: 10.20.0.11, port: 8080 }, off: { address: 10.20.0.12, enabled: false } }
`;
}

/** Something comes back over a new flow. */
async function echoes(opening: Promise<Flow>): Promise<void> {
  const flow = await opening;
  await flow.echo('is it you?');
  await flow.close();
}

describe.each([1, 2])('NAT with %i workers', (workers) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-nat-'));
  const file = path.join(folder, 'nat.yaml');
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.start({ workers });
    mkdirSync(path.join(folder, 'parts'));
    cpSync(path.join(path.dirname(lab.rules), 'parts'), path.join(folder, 'parts'), {
      recursive: true,
    });
    const office = readFileSync(lab.rules, 'utf8');
    writeFileSync(file, ruleFile(office.slice(0, office.indexOf('\nassert:'))));
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  async function show<T>(...what: string[]): Promise<T> {
    const { stdout } = await lab.sluice('show', 'nat', ...what, '--json');
    return JSON.parse(stdout) as T;
  }

  async function translations(...filter: string[]): Promise<readonly SessionShown[]> {
    const { translations: all } = await show<{ translations: readonly SessionShown[] }>(
      'translations',
      ...filter,
    );
    return all;
  }

  test('the internet sees the address of wan', async () => {
    await echoes(lab.hosts.inside.tcp('203.0.113.80', 80));
    const [one] = await translations('--protocol', 'tcp', '--destination', '203.0.113.80');
    expect(one?.nat).toMatchObject({
      source: '198.51.100.2',
      destination: '203.0.113.80',
      destination_port: 80,
    });
    expect(one?.source).toBe('10.1.0.10');
    expect(await lab.hosts.inside.ping('203.0.113.80')).toBe(true);
  });

  test('a forward at an address that is no interface’s, found by ARP', async () => {
    await echoes(lab.hosts.wan.tcp('198.51.100.3', 25));
    const [one] = await translations('--port', '25');
    expect(one?.nat).toMatchObject({ destination: '10.20.0.11', destination_port: 8080 });
    expect(one?.rule).toBe('published/mail');
  });

  test('a forward at the address of wan', async () => {
    await echoes(lab.hosts.wan.tcp('198.51.100.2', 8080));
  });

  test('one to one, and not what the policy does not allow', async () => {
    await echoes(lab.hosts.wan.tcp('198.51.100.4', 8080));
    expect(await lab.hosts.wan.ping('198.51.100.4')).toBe(true);
  });

  test('hairpin: the server by its public address, from beside itself', async () => {
    await echoes(lab.hosts.inside.tcp('198.51.100.3', 25));
    const [one] = await translations('--from', 'inside', '--port', '25');
    expect(one?.nat).toMatchObject({ source: '10.1.0.10', destination: '10.20.0.11' });
  });

  test('a balancer, found by ARP, and its counts', async () => {
    await echoes(lab.hosts.wan.tcp('198.51.100.6', 80));
    await echoes(lab.hosts.inside.tcp('198.51.100.6', 80));
    const { stdout } = await lab.sluice('show', 'balancers', '--json');
    const { balancers } = JSON.parse(stdout) as { balancers: readonly BalancerShown[] };
    expect(balancers).toMatchObject([
      { name: 'shop', backends: [{ name: 'up', address: '10.20.0.11', port: 8080, opened: 2 }] },
    ]);
  });

  test('a question about what is in force', async () => {
    const { code, stdout } = await lab.sluice('ask', 'can inside reach 10.20.0.11 tcp/8080?');
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'yes']);
    expect(stdout).toContain('published/web');
  });

  test('a pool of four ports serves four, and says so', async () => {
    const ask = () => lab.hosts.inside.udp('203.0.113.80', 53);
    const flows = [await ask(), await ask(), await ask(), await ask()];
    for (const flow of flows) await flow.echo('one of four');
    const fifth = await ask();
    await expect(fifth.echo('one too many', 500)).rejects.toThrow();
    const { pools } = await show<{ pools: readonly PoolShown[] }>('pools');
    const few = pools.find(({ rule }) => rule === 'few');
    expect(few).toMatchObject({ addresses: '198.51.100.5', ports: '40000-40003', sessions: 4 });
    expect(few?.workers).toHaveLength(workers);
    await until('a log record', 5000, async () =>
      (await lab.sluice('show', 'log', '--last', '0')).stdout.includes('nat-full'),
    );
    const { stdout } = await lab.sluice('show', 'drops', '--json');
    expect(stdout).toContain('nat-pool-full');
    // Sessions that end give their ports back.
    await lab.sluice('clear', 'sessions', '--destination', '203.0.113.80');
    await fifth.echo('and now');
    for (const flow of [...flows, fifth]) await flow.close();
  });
});
