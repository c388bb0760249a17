// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackendShown, BalancerShown } from '../../src/daemon/show/balancers.js';
import type { Flow } from '../../src/lab/host.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';

const INTERVAL = 200;
const TIMEOUT = 150;
const FALL = 2;
/** ms in which a dead backend has to be out: the failing checks, jitter, and the table's way. */
const OUT = (FALL + 1) * INTERVAL * 1.1 + TIMEOUT + 500;

function ruleFile(office: string): string {
  const published = 'rules:\n      - { name: web,';
  const backends = [1, 2, 3].map((n) => `web${n}: { address: 10.20.0.11, port: ${9000 + n} }`);
  return `${office.replace(
    published,
    `rules:\n      - { name: shop, destination: { balancer: shop }, action: allow }\n      - { name: web,`,
  )}
balancers:
  shop:
    at: 198.51.100.6
    service: tcp/80
    check: { http: /health, expect: fine, interval: ${INTERVAL}ms, timeout: ${TIMEOUT}ms, rise: 2, fall: ${FALL} }
    backends: { ${backends.join(', ')} }
`;
}

/** A server that answers `GET` as HTTP and echoes anything else. */
const SERVER = `require('node:net').createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (first) => {
    if (first.toString().startsWith('GET /health '))
      socket.end('HTTP/1.1 200 OK\\r\\ncontent-length: 4\\r\\n\\r\\nfine');
    else { socket.write(first); socket.pipe(socket); }
  });
}).listen(Number(process.argv[1]), '0.0.0.0', () => console.log('up'));`;

describe('a balancer that checks its backends', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-balancer-'));
  const servers = new Map<string, ChildProcess>();
  let lab: Lab;

  async function serve(n: number): Promise<void> {
    const argv = ['netns', 'exec', `${lab.prefix}dmz`, process.execPath, '-e', SERVER];
    const server = spawn('ip', [...argv, String(9000 + n)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    servers.set(`web${n}`, server);
    await once(server.stdout, 'data');
  }

  async function kill(name: string): Promise<void> {
    const server = servers.get(name);
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  }

  beforeAll(async () => {
    lab = await Lab.start({ workers: 2 });
    const file = path.join(folder, 'shop.yaml');
    mkdirSync(path.join(folder, 'parts'));
    cpSync(path.join(path.dirname(lab.rules), 'parts'), path.join(folder, 'parts'), {
      recursive: true,
    });
    const office = readFileSync(lab.rules, 'utf8');
    writeFileSync(file, ruleFile(office.slice(0, office.indexOf('\nassert:'))));
    for (const n of [1, 2, 3]) await serve(n);
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    for (const name of servers.keys()) await kill(name);
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  async function backends(): Promise<Map<string, BackendShown>> {
    const { balancers } = await lab.show<{ balancers: readonly BalancerShown[] }>('balancers');
    return new Map((balancers[0]?.backends ?? []).map((one) => [one.name, one]));
  }

  async function states(): Promise<string> {
    return [...(await backends()).values()].map(({ state }) => state).join(' ');
  }

  async function reach(expected: string): Promise<void> {
    await until(expected, 15_000, async () => (await states()) === expected);
  }

  async function open(): Promise<Flow> {
    const flow = await lab.hosts.wan.tcp('198.51.100.6', 80, 1000);
    await flow.echo('is it you?');
    return flow;
  }

  /** Which of the flows still answer. */
  async function alive(flows: readonly Flow[]): Promise<Flow[]> {
    const all = await Promise.allSettled(flows.map((flow) => flow.echo('still there?', 1000)));
    return flows.filter((_, i) => all[i]?.status === 'fulfilled');
  }

  async function openMany(count: number): Promise<Flow[]> {
    const flows: Flow[] = [];
    for (let i = 0; i < count; i++) flows.push(await open());
    return flows;
  }

  const close = async (flows: readonly Flow[]): Promise<void> => {
    for (const flow of flows) await flow.close();
  };

  test('all are up, by what they answered', async () => {
    await reach('up up up');
    const shown = await backends();
    expect(shown.get('web1')?.checks[0]).toMatchObject({
      good: true,
      why: '200 OK, the body fits',
    });
  });

  test('a backend killed under load is out in time, and no other session suffers', async () => {
    const before = await backends();
    const flows = await openMany(60);
    const shown = await backends();
    const opened = (name: string): number =>
      (shown.get(name)?.opened ?? 0) - (before.get(name)?.opened ?? 0);
    const counts = ['web1', 'web2', 'web3'].map(opened);
    expect(counts.reduce((a, b) => a + b)).toBe(60);
    expect(Math.min(...counts)).toBeGreaterThan(0);

    // New connections go on all the while.
    const failed: number[] = [];
    let good = 0;
    const running = { on: true };
    const load = (async () => {
      while (running.on) {
        const at = Date.now();
        try {
          await (await open()).close();
          good++;
        } catch {
          failed.push(at);
        }
      }
    })();
    await wait(300);
    const killed = Date.now();
    await kill('web2');
    await reach('up down up');
    const out = Date.now();
    const after = await backends();
    const rest = await alive(flows);
    await wait(500);
    running.on = false;
    await load;
    process.stdout.write(
      `out after ${out - killed} ms; ${good} new connections were good, ${failed.length} failed in between; ${rest.length} of ${flows.length} go on, ${counts.join(', ')} were by backend\n`,
    );
    expect(out - killed).toBeLessThan(OUT);
    expect(rest).toHaveLength(60 - (counts[1] as number));
    expect(failed.filter((at) => at < killed || at > out)).toEqual([]);
    expect(good).toBeGreaterThan(20);
    const later = await openMany(30);
    expect((await backends()).get('web2')?.opened).toBe(after.get('web2')?.opened);
    expect(after.get('web2')?.checks[0]).toMatchObject({
      good: false,
      why: 'connection refused',
    });
    await close([...flows, ...later]);
  });

  test('it comes back, and gets new sessions', async () => {
    await serve(2);
    await reach('up up up');
    const before = (await backends()).get('web2')?.opened ?? 0;
    await close(await openMany(30));
    expect((await backends()).get('web2')?.opened).toBeGreaterThan(before);
  });

  test('drained: sessions live, no new ones; over a restart of sluiced and of the datapath', async () => {
    const flows = await openMany(30);
    const { code, stdout } = await lab.sluice('balancer', 'shop', 'backend', 'web1', 'drain');
    expect([code, stdout]).toEqual([0, 'shop web1: drained\n']);
    const { opened, state } = (await backends()).get('web1') ?? {};
    expect(state).toBe('draining');
    const more = await openMany(30);
    expect((await backends()).get('web1')?.opened).toBe(opened);
    expect(await alive(flows)).toHaveLength(30);

    await lab.stopDaemon();
    const without = await openMany(20);
    await lab.startDaemon(2);
    await reach('draining up up');
    const still = await openMany(20);
    expect((await backends()).get('web1')?.opened).toBe(opened);
    await close([...more, ...without, ...still]);

    const ended = await lab.sluice('balancer', 'shop', 'backend', 'web1', 'disable');
    expect(ended.stdout).toMatch(/^shop web1: disabled, [1-9][0-9]* sessions ended\n$/);
    expect((await alive(flows)).length).toBeLessThan(30);
    await close(flows);

    const pid = lab.datapathPid;
    process.kill(pid, 'SIGKILL');
    await until('another datapath', 15_000, async () => {
      const { code: answers } = await lab.sluice('show', 'version');
      return answers === 0 && lab.datapathPid !== pid;
    });
    await reach('disabled up up');
    await until('tables', 5000, async () => {
      await close(await openMany(10));
      return ((await backends()).get('web1')?.opened ?? 0) === 0;
    });
    const back = await lab.sluice('balancer', 'shop', 'backend', 'web1', 'enable');
    expect(back.stdout).toBe('shop web1: enabled\n');
    await reach('up up up');
    await close(await openMany(30));
    expect((await backends()).get('web1')?.opened).toBeGreaterThan(0);
  });

  test('a drain with a deadline ends what is left', async () => {
    const flows = await openMany(30);
    const argv = ['balancer', 'shop', 'backend', 'web3', 'drain', '--deadline', '1'];
    expect((await lab.sluice(...argv)).code).toBe(0);
    expect(await alive(flows)).toHaveLength(30);
    await until('the deadline', 5000, async () => (await alive(flows)).length < 30);
    await lab.sluice('balancer', 'shop', 'backend', 'web3', 'enable');
    await close(flows);
  });

  test('all of them failing at once changes nothing', async () => {
    await reach('up up up');
    for (const name of servers.keys()) await kill(name);
    await reach('held held held');
    for (const n of [1, 2, 3]) await serve(n);
    await reach('up up up');
    await close(await openMany(10));
  });

  test('names that are none', async () => {
    const one = await lab.sluice('balancer', 'shpo', 'backend', 'web1', 'drain');
    expect([one.code, one.stderr]).toEqual([1, "sluice: there is no balancer 'shpo'\n"]);
    const two = await lab.sluice('balancer', 'shop', 'backend', 'web9', 'drain');
    expect([two.code, two.stderr]).toEqual([1, "sluice: balancer 'shop' has no backend 'web9'\n"]);
    const three = await lab.sluice('balancer', 'shop', 'backend', 'web1', 'drian');
    expect(three.code).toBe(2);
  });
});
