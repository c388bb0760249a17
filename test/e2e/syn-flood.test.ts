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
import { runAt, writeRules } from './past.js';

const CLIENTS = 1000;
const AT_ONCE = 500;
/** ms: a SYN that found the port's ring full is sent again after 1, 3, 7 and 15 s. */
const PATIENCE = 60_000;

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

  test(`${CLIENTS} clients connect all the same`, { timeout: 180_000 }, async () => {
    const wan = `${lab.prefix}wan`;
    // Answers to the flood are nobody's business there.
    await command(['ip', '-n', wan, 'route', 'add', 'blackhole', '100.64.0.0/10']);
    const first = await lab.hosts.wan.tcp(SERVER.v4, 8080);
    await first.echo('before');
    const neighbor = await command(['ip', '-n', wan, 'neigh', 'show', '198.51.100.2']);
    const mac = /lladdr (\S+)/.exec(neighbor)?.[1] ?? '';
    const program = path.join(path.dirname(datapathBinary()), 'send_syns');
    const flood = await runAt(lab, 'wan', [program, 'eth0', mac, SERVER.v4, '8080']);
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
    const said: Buffer[] = [];
    flood.stdout?.on('data', (bytes: Buffer) => said.push(bytes));
    flood.stdin?.end();
    await once(flood, 'close');
    const { drops } = await lab.show<Drops>('drops');
    const cookies = drops.find(({ reason }) => reason === 'syn-cookie')?.packets ?? 0;
    process.stdout.write(
      `${connected} of ${CLIENTS} connected in ${seconds.toFixed(1)} s beside ${Buffer.concat(said).toString().trim()} of SYNs, ${cookies} answered by cookies; ${sessions.length} sessions\n`,
    );
    expect(connected).toBeGreaterThanOrEqual(0.99 * CLIENTS);
    expect(cookies).toBeGreaterThan(100_000);
    expect(sessions.length).toBeLessThan(2 * CLIENTS);
    // Whoever was there before the flood is there after it.
    await first.echo('after');
    await first.close();
  });
});
