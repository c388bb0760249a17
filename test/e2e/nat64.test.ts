// SPDX-License-Identifier: BSD-3-Clause
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PoolShown } from '../../src/daemon/show/nat.js';
import type { SessionShown } from '../../src/daemon/show/sessions.js';
import { attempt } from '../../src/lab/command.js';
import type { Flow } from '../../src/lab/host.js';
import { Lab } from '../../src/lab/lab.js';
import { runAt, writeRules } from './past.js';

/** 203.0.113.80 and 203.0.113.130, behind the well-known prefix, and the server behind another. */
const INTERNET = '64:ff9b::cb00:7150';
const FAR = '64:ff9b::cb00:7182';
const SERVER = '2001:db8:64::a14:b';

/** A web server of IPv4 alone: what it is asked for says how many bytes it answers. */
const WEB = `require('node:http').createServer((request, response) => {
  response.end('x'.repeat(Number(request.url.slice(1))));
}).listen(443, '0.0.0.0', () => console.log('up'));`;

describe.each([1, 2])('NAT64 with %i workers', (workers) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-nat64-'));
  let lab: Lab;
  let web: ChildProcess;

  beforeAll(async () => {
    lab = await Lab.start({ workers });
    web = await runAt(lab, 'wan', [process.execPath, '-e', WEB]);
    const file = writeRules(
      lab,
      folder,
      ['{ name: shop, destination: { balancer: shop }, action: allow }'],
      `
nat:
  pools: { public: { addresses: 198.51.100.5-198.51.100.6 } }
  nat64:
    - { name: internet, from: inside, translate-to: public }
    - { name: servers, from: inside, prefix: '2001:db8:64::/96' }
balancers:
  shop:
    at: 2001:db8:1::50
    service: tcp/80
    backends: { one: { address: 10.20.0.11, port: 8080 } }
`,
    );
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    web.kill();
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  async function echoes(opening: Promise<Flow>, text = 'is it you?'): Promise<void> {
    const flow = await opening;
    await flow.echo(text);
    await flow.close();
  }

  test('TCP, UDP and ping to a server of IPv4 alone', async () => {
    await echoes(lab.hosts.inside.tcp(INTERNET, 80));
    await echoes(lab.hosts.inside.udp(INTERNET, 53));
    expect(await lab.hosts.inside.ping(INTERNET)).toBe(true);
    const { stdout } = await lab.sluice('show', 'nat', 'translations', '--json');
    const { translations } = JSON.parse(stdout) as { translations: readonly SessionShown[] };
    const tcp = translations.find(({ protocol }) => protocol === 'tcp');
    expect(tcp).toMatchObject({
      source: '2001:db8:a::10',
      destination: INTERNET,
      rule: 'office-out/browse',
      nat: { destination: '203.0.113.80', destination_port: 80 },
    });
    expect(tcp?.nat?.source).toMatch(/^198\.51\.100\.[56]$/);
    const shown = await lab.sluice('show', 'nat', 'pools', '--json');
    const { pools } = JSON.parse(shown.stdout) as { pools: readonly PoolShown[] };
    expect(pools.find(({ rule }) => rule === 'internet')).toMatchObject({
      addresses: '198.51.100.5-198.51.100.6',
      sessions: 3,
    });
  });

  test('HTTP, short and long answers', async () => {
    for (const bytes of [1, 5_000_000]) {
      const url = `http://[${INTERNET}]:443/${bytes}`;
      const argv = ['ip', 'netns', 'exec', `${lab.prefix}inside`, 'curl', '-sS', '-m20', url];
      const { stdout, stderr } = await attempt(argv as [string, ...string[]]);
      expect([stderr, stdout.length]).toEqual(['', bytes]);
    }
  });

  test('fragments both ways', async () => {
    await echoes(lab.hosts.inside.udp(INTERNET, 53), 'y'.repeat(1700));
  });

  test('the MTU behind a narrow link is told in the client’s own family', async () => {
    // 1,280 there: 1,300 and more go in IPv6's own size.
    expect(await lab.hosts.inside.pathMtu(FAR, 1400)).toBe(1300);
    await lab.hosts.inside.forgetMtus();
    await echoes(lab.hosts.inside.tcp(FAR, 80), 'z'.repeat(100_000));
  });

  test('who is not there is told so', async () => {
    await expect(lab.hosts.inside.tcp(INTERNET, 53)).rejects.toThrow('ECONNREFUSED');
  });

  test('a private server by a prefix of its own, its rule written in IPv4', async () => {
    await echoes(lab.hosts.inside.tcp(SERVER, 8080));
    await expect(lab.hosts.inside.tcp('64:ff9b::a14:b', 8080, 500)).rejects.toThrow('timeout');
    const { stdout } = await lab.sluice('show', 'drops');
    expect(stdout).toContain('nat-unmapped');
  });

  test('a balancer of IPv6 before a server of IPv4', async () => {
    await echoes(lab.hosts.wan.tcp('2001:db8:1::50', 80), 'w'.repeat(50_000));
  });
});
