// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BalancerShown } from '../../src/daemon/show/balancers.js';
import type { SessionShown } from '../../src/daemon/show/sessions.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { answerPast, echoUdp, writeRules } from './past.js';

const SERVICE = '198.51.100.6';

const BALANCERS = `
balancers:
  shop:
    at: ${SERVICE}
    service: [tcp/8080, udp/5353]
    mode: direct
    check: { tcp: true, port: 8080, interval: 200ms, timeout: 150ms }
    backends: { one: { address: 10.20.0.11 }, two: { address: 10.20.0.12 } }
`;

describe.each([1, 2])('direct return with %i workers', (workers) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-direct-'));
  let lab: Lab;
  let file: string;

  beforeAll(async () => {
    lab = await Lab.start({ workers });
    await answerPast(lab, [SERVICE]);
    file = writeRules(
      lab,
      folder,
      ['{ name: shop, destination: { balancer: shop }, action: allow }'],
      BALANCERS,
    );
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
    await until(
      'the checks',
      10_000,
      async () => (await lab.sluice('show', 'balancers')).stdout.match(/ up /g)?.length === 2,
    );
  });
  afterAll(async () => {
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  const sessions = async (protocol: string): Promise<readonly SessionShown[]> => {
    const argv = ['sessions', '--destination', SERVICE, '--protocol', protocol];
    return (await lab.show<{ sessions: readonly SessionShown[] }>(...argv)).sessions;
  };

  test('connections to both backends, whose answers go past the appliance', async () => {
    const flows = [];
    for (let i = 0; i < 20; i++) {
      const flow = await lab.hosts.wan.tcp(SERVICE, 8080);
      await flow.echo(`number ${i}`);
      await flow.echo('x'.repeat(20_000));
      flows.push(flow);
    }
    const held = await sessions('tcp');
    expect(held).toHaveLength(20);
    expect(new Set(held.map(({ state }) => state))).toEqual(new Set(['established']));
    expect(new Set(held.map(({ nat }) => nat?.destination))).toEqual(
      new Set(['10.20.0.11', '10.20.0.12']),
    );
    expect(held.every(({ packets_reply: answers }) => answers === 0)).toBe(true);
    for (const flow of flows) await flow.close();
    await until('their ends', 5000, async () =>
      (await sessions('tcp')).every(({ state }) => state !== 'established'),
    );
  });

  test('UDP', async () => {
    const server = await echoUdp(lab, [SERVICE]);
    const flow = await lab.hosts.wan.udp(SERVICE, 5353);
    await flow.echo('one');
    await flow.echo('two');
    expect(await sessions('udp')).toMatchObject([{ state: 'established', packets_reply: 0 }]);
    await flow.close();
    server.kill();
  });

  test('sessions outlive a commit, and end with their backend', async () => {
    const flow = await lab.hosts.wan.tcp(SERVICE, 8080);
    await flow.echo('before');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('two: {', 'two: { weight: 3,'));
    expect((await lab.sluice('apply', file)).code).toBe(0);
    await flow.echo('after');
    writeFileSync(
      file,
      text.replace(
        'one: { address: 10.20.0.11 }, two: { address: 10.20.0.12 }',
        'other: { address: 10.20.0.13 }',
      ),
    );
    expect((await lab.sluice('apply', file)).code).toBe(0);
    await expect(flow.echo('gone', 500)).rejects.toThrow();
    writeFileSync(file, text);
    expect((await lab.sluice('apply', file)).code).toBe(0);
    await flow.close();
  });

  test('its counts', async () => {
    const { balancers } = await lab.show<{ balancers: readonly BalancerShown[] }>('balancers');
    const [shop] = balancers;
    expect(shop?.mode).toBe('direct');
    expect(shop?.backends.every(({ opened }) => opened > 0)).toBe(true);
  });
});
