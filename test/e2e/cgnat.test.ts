// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlockShown, PoolShown } from '../../src/daemon/show/nat.js';
import type { Flow } from '../../src/lab/host.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { writeRules } from './past.js';

describe.each([1, 2])('port blocks with %i workers', (workers) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-cgnat-'));
  const flows: Flow[] = [];
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.start({ workers });
    const file = writeRules(
      lab,
      folder,
      [],
      `
nat:
  pools: { shared: { addresses: 198.51.100.5, ports: 2000-2031, block-size: 8, blocks-per-client: 2 } }
  source: [{ name: customers, from: [inside, dmz], to: internet, translate-to: shared }]
  nat64: [{ name: six, from: inside, translate-to: shared }]
`,
    );
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  const json = async (...what: string[]): Promise<unknown> =>
    JSON.parse((await lab.sluice('show', ...what, '--json')).stdout);
  const blocks = async (): Promise<readonly BlockShown[]> =>
    ((await json('nat', 'blocks')) as { blocks: readonly BlockShown[] }).blocks;

  test('a client has two, of one address, and then no more', async () => {
    for (let i = 0; i < 16; i++) {
      const flow = await lab.hosts.inside.udp('203.0.113.80', 53);
      await flow.echo(`flow ${i}`);
      flows.push(flow);
    }
    const mine = await blocks();
    expect(
      mine.map(({ client, address, sessions, rule }) => [client, address, sessions, rule]),
    ).toEqual([
      ['10.1.0.10', '198.51.100.5', 8, 'nat/customers'],
      ['10.1.0.10', '198.51.100.5', 8, 'nat/customers'],
    ]);
    const one = await lab.hosts.inside.udp('203.0.113.80', 53);
    await expect(one.echo('one too many', 500)).rejects.toThrow();
    expect((await lab.sluice('show', 'drops')).stdout).toContain('nat-client-full');
  });

  test('another destination has the same ports, a client of IPv6 a block of its own', async () => {
    const flow = await lab.hosts.inside.tcp('203.0.113.80', 80);
    await flow.echo('by TCP');
    flows.push(flow);
    const six = await lab.hosts.inside.tcp('64:ff9b::cb00:7150', 80);
    await six.echo('from IPv6');
    flows.push(six);
    const all = await blocks();
    expect(all.map(({ client }) => client).sort()).toEqual([
      '10.1.0.10',
      '10.1.0.10',
      '2001:db8:a::/64',
    ]);
    expect(all.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(18);
    const { pools } = (await json('nat', 'pools')) as { pools: readonly PoolShown[] };
    expect(pools[0]).toMatchObject({
      addresses: '198.51.100.5',
      blocks: { size: 8, lent: 3, all: 4 },
    });
  });

  test('the log tells who has which ports, and nothing of sessions', async () => {
    await until('the loans', 5000, async () =>
      (await lab.sluice('show', 'log', '--last', '0')).stdout.includes('2001:db8:a::/64 has'),
    );
    const { stdout } = await lab.sluice('show', 'log', '--last', '0');
    const lines = stdout.split('\n').filter((line) => line.includes('nat-block'));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /nat-block {5}10\.1\.0\.10 has 198\.51\.100\.5 ports 20\d\d-20\d\d nat\/customers$/,
    );
    for (const flow of flows) await flow.close();
  });

  test('a commit leaves loans as they are', async () => {
    const before = await blocks();
    const { code } = await lab.sluice('apply', path.join(folder, 'rules.yaml'));
    expect(code).toBe(0);
    const now = await blocks();
    expect(now.map(({ ports }) => ports)).toEqual(before.map(({ ports }) => ports));
  });
});
