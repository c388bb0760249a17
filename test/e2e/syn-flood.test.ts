// SPDX-License-Identifier: BSD-3-Clause
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { datapathBinary } from '../../src/datapath/offline.js';
import { command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { SERVER } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';
import { runAt, writeRules } from './past.js';

const CLIENTS = 1000;
const AT_ONCE = 500;
/** ms: a SYN that found the port's ring full is sent again after 1, 3, 7 and 15 s. */
const PATIENCE = 60_000;

/** Over what the lab carries, so that its ring loses some. */
const TOO_MANY = 1.2;

interface Drops {
  readonly drops: readonly { readonly reason: string; readonly packets: number }[];
}

describe('a flood of SYNs in the lab', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-syn-'));
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.start();
    const file = writeRules(lab, folder, [], '');
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace(
        'internet: { log-denied: true }',
        'internet: { log-denied: true, syn-cookies: { above: 1000 } }',
      ),
    );
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  const cookies = async (): Promise<number> =>
    (await lab.show<Drops>('drops')).drops.find(({ reason }) => reason === 'syn-cookie')?.packets ??
    0;

  /** Cookies a second, between the first so many and the next. */
  async function rateOf(from: number, to: number): Promise<number> {
    await until('the flood', 30_000, async () => (await cookies()) > from);
    const [began, first] = [performance.now(), await cookies()];
    await until('more of it', 30_000, async () => (await cookies()) > to);
    const more = (await cookies()) - first;
    return more / ((performance.now() - began) / 1000);
  }

  /** Begins a flood of so many a second; the function that is returned ends it and says how many, also a second. */
  async function flood(mac: string, rate: number): Promise<() => Promise<readonly number[]>> {
    const program = path.join(path.dirname(datapathBinary()), 'send_syns');
    const argv = [program, 'eth0', mac, SERVER.v4, '8080', rate.toFixed(0)];
    const sender = await runAt(lab, 'wan', argv);
    return async () => {
      const said: Buffer[] = [];
      sender.stdout?.on('data', (bytes: Buffer) => said.push(bytes));
      sender.stdin?.end();
      await once(sender, 'close');
      return Buffer.concat(said).toString().split(' ').map(Number);
    };
  }

  test(`${CLIENTS} clients connect all the same`, { timeout: 180_000 }, async () => {
    const wan = `${lab.prefix}wan`;
    // Answers to the flood are nobody's business there.
    await command(['ip', '-n', wan, 'route', 'add', 'blackhole', '100.64.0.0/10']);
    const first = await lab.hosts.wan.tcp(SERVER.v4, 8080);
    await first.echo('before');
    const neighbor = await command(['ip', '-n', wan, 'neigh', 'show', '198.51.100.2']);
    const mac = /lladdr (\S+)/.exec(neighbor)?.[1] ?? '';
    const endTrial = await flood(mac, 0);
    const carried = await rateOf(100_000, 500_000);
    await endTrial();
    const before = await cookies();
    const end = await flood(mac, carried * TOO_MANY);
    let connected = 0;
    let waiting = CLIENTS;
    const connect = async (): Promise<void> => {
      while (waiting-- > 0) {
        try {
          const flow = await lab.hosts.wan.tcp(SERVER.v4, 8080, PATIENCE);
          await flow.echo('hello', PATIENCE);
          connected++;
          await flow.close();
        } catch {
          // Counted by not being counted.
        }
      }
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, connect));
    const seconds = (performance.now() - began) / 1000;
    const { sessions } = await lab.show<{ sessions: readonly unknown[] }>('sessions');
    const [sent = 0, rate = 0] = await end();
    const answered = (await cookies()) - before;
    process.stdout.write(
      `${connected} of ${CLIENTS} connected in ${seconds.toFixed(1)} s beside ${rate} SYNs a second, ${((100 * answered) / sent).toFixed(0)} % of them answered by cookies; ${sessions.length} sessions\n`,
    );
    expect(connected).toBeGreaterThanOrEqual(0.99 * CLIENTS);
    expect(answered).toBeGreaterThan(0);
    expect(sessions.length).toBeLessThan(2 * CLIENTS);
    // Whoever was there before the flood is there after it.
    await first.echo('after');
    await first.close();
  });
});
