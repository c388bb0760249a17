// SPDX-License-Identifier: BSD-3-Clause
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BalancerShown } from '../../src/daemon/show/balancers.js';
import type { SessionShown } from '../../src/daemon/show/sessions.js';
import { command } from '../../src/lab/command.js';
import type { Flow } from '../../src/lab/host.js';
import { Lab } from '../../src/lab/lab.js';
import { answerPast, decapsulate, echoUdp, writeRules } from './past.js';

/** The services whose answers go past the appliance, by family and mode. */
const SERVICES = [
  ['direct4', 'direct', '198.51.100.6'],
  ['ipip4', 'ipip', '198.51.100.7'],
  ['gue4', 'gue', '198.51.100.8'],
  ['direct6', 'direct', '2001:db8:1::66'],
  ['ipip6', 'ipip', '2001:db8:1::67'],
  ['gue6', 'gue', '2001:db8:1::68'],
] as const;

const ADDRESSES = SERVICES.map(([, , address]) => address);

function rules(lab: Lab, folder: string): string {
  const balancers = SERVICES.map(([name, mode, at]) => {
    const [one, two] = at.includes(':')
      ? ['2001:db8:14::11', '2001:db8:14::12']
      : ['10.20.0.11', '10.20.0.12'];
    return `  ${name}: { at: '${at}', service: [tcp/8080, udp/5353], mode: ${mode}, midstream: allow, backends: { one: { address: '${one}' }, two: { address: '${two}' } } }\n`;
  });
  return writeRules(
    lab,
    folder,
    SERVICES.map(
      ([name]) => `{ name: ${name}, destination: { balancer: ${name} }, action: allow }`,
    ),
    `\nbalancers:\n${balancers.join('')}`,
  );
}

async function sessions(lab: Lab, at: string, protocol: string): Promise<readonly SessionShown[]> {
  const argv = ['sessions', '--destination', at, '--protocol', protocol];
  return (await lab.show<{ sessions: readonly SessionShown[] }>(...argv)).sessions;
}

/** Which backend each client port goes to. */
async function backendsByPort(lab: Lab, at: string): Promise<ReadonlyMap<number, string>> {
  const live = (await sessions(lab, at, 'tcp')).filter(({ state }) => state === 'established');
  return new Map(live.map((one) => [one.source_port, one.nat?.destination ?? '']));
}

describe('services whose answers go past the appliance', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-tunnels-'));
  let lab: Lab;
  let other: Lab;
  let tunnels: ChildProcess;
  let echo: ChildProcess;

  /* The other appliance's links to its client and servers end at those of the first one, too. */
  async function join(): Promise<void> {
    for (const host of ['wan', 'dmz'] as const) {
      const [from, to] = [other.prefix + host, lab.prefix + host];
      await command(['ip', '-n', from, 'link', 'set', 'eth0', 'down']);
      await command(['ip', '-n', from, 'link', 'set', 'eth0', 'name', 'other']);
      await command(['ip', '-n', from, 'link', 'set', 'other', 'netns', to]);
      const within = ['ip', 'netns', 'exec', to] as const;
      await command([...within, 'sysctl', '-qw', 'net.ipv4.conf.other.rp_filter=0']);
      await command([...within, 'ethtool', '-K', 'other', 'tx', 'off']);
      const six = host === 'wan' ? '2001:db8:1::1/128' : '2001:db8:14::11/128';
      const lines = ['link set other up', `address add ${six} dev other nodad`];
      if (host === 'dmz') lines.push('address add 2001:db8:14::12/128 dev other nodad');
      await command(['ip', '-n', to, '-batch', '-'], { input: lines.join('\n') });
    }
  }

  beforeAll(async () => {
    lab = await Lab.start({ workers: 2 });
    other = await Lab.start({ workers: 1 });
    await answerPast(lab, ADDRESSES);
    await join();
    const file = rules(lab, folder);
    for (const one of [lab, other]) {
      const { code, stderr } = await one.sluice('apply', file);
      expect([code, stderr]).toEqual([0, '']);
    }
    tunnels = await decapsulate(lab);
    echo = await echoUdp(lab, ADDRESSES);
  }, 60_000);
  afterAll(async () => {
    echo.kill();
    tunnels.stdin?.end();
    await other.close();
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  test.each(SERVICES)('%s: connections to both backends, full of data', async (_, mode, at) => {
    const flows: Flow[] = [];
    for (let i = 0; i < 16; i++) {
      const flow = await lab.hosts.wan.tcp(at, 8080);
      await flow.echo(`number ${i}`);
      // The servers' link is narrower than the client's, by what is around packets more: it learns.
      await flow.echo('x'.repeat(20_000));
      flows.push(flow);
    }
    const held = await sessions(lab, at, 'tcp');
    expect(held).toHaveLength(16);
    expect(new Set(held.map(({ nat }) => nat?.destination)).size).toBe(2);
    expect(held.every(({ packets_reply: answers }) => answers === 0)).toBe(true);
    for (const flow of flows) await flow.close();
    const { balancers } = await lab.show<{ balancers: readonly BalancerShown[] }>('balancers');
    const shown = balancers.find(({ name }) => name === _);
    expect(shown?.mode).toBe(mode);
    expect(shown?.backends.every(({ opened }) => opened > 0)).toBe(true);
  });

  test.each(SERVICES)('%s: UDP, also in fragments', async (_, __, at) => {
    const flow = await lab.hosts.wan.udp(at, 5353);
    await flow.echo('one');
    // DPDK's af_packet port has the kernel put IPv4 together before, and takes frames up to 2 KB.
    await flow.echo('y'.repeat(at.includes(':') ? 3000 : 1700));
    expect(await sessions(lab, at, 'udp')).toMatchObject([
      { state: 'established', packets_reply: 0 },
    ]);
    await flow.close();
  });

  test('another appliance takes over, with connections and their backends', async () => {
    const flows = new Map<string, Flow[]>();
    const before = new Map<string, ReadonlyMap<number, string>>();
    for (const [name, , at] of SERVICES) {
      const some: Flow[] = [];
      for (let i = 0; i < 10; i++) {
        const flow = await lab.hosts.wan.tcp(at, 8080);
        await flow.echo('before');
        some.push(flow);
      }
      flows.set(name, some);
      before.set(name, await backendsByPort(lab, at));
      expect(before.get(name)?.size).toBe(10);
      expect(await sessions(other, at, 'tcp')).toEqual([]);
    }
    for (const at of ADDRESSES) {
      const source = at.includes(':') ? '2001:db8:1::1' : '198.51.100.1';
      const route = ['route', 'replace', at, 'dev', 'other', 'src', source];
      await command(['ip', '-n', `${lab.prefix}wan`, ...route]);
    }
    for (const [name, , at] of SERVICES) {
      for (const flow of flows.get(name) ?? []) {
        await flow.echo('after');
        await flow.echo('z'.repeat(5000));
      }
      expect([name, await backendsByPort(other, at)]).toEqual([name, before.get(name)]);
      const fresh = await lab.hosts.wan.tcp(at, 8080);
      await fresh.echo('new');
      await fresh.close();
      for (const flow of flows.get(name) ?? []) await flow.close();
    }
  });

  test('the tunnels were used, each kind', async () => {
    const words: string[] = [];
    tunnels.stdout?.on('data', (text: Buffer) => words.push(text.toString()));
    tunnels.stdin?.end();
    await once(tunnels, 'close');
    const counts = words.join('').match(/\d+$/gm)?.map(Number);
    expect(counts).toHaveLength(4);
    expect(counts?.every((count) => count > 100)).toBe(true);
  });
});
