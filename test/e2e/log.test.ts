// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogShown } from '../../src/daemon/api/types.js';
import type { RuleShown } from '../../src/daemon/show/rules.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET } from '../../src/lab/network.js';
import { builtProgram } from '../../src/lab/program.js';
import { until } from '../../src/lab/until.js';

let lab: Lab;
let folder: string;
let file: string;

beforeAll(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-e2e-'));
  file = path.join(folder, 'rules.yaml');
  cpSync(path.join(path.dirname(lab.rules), 'parts'), path.join(folder, 'parts'), {
    recursive: true,
  });
  const office = readFileSync(lab.rules, 'utf8')
    .replace(/\nassert:[^]*/, '\n')
    .replace('action: deny, log: true', 'action: deny, log: { start: true, limit: 1/m }')
    .replace('service: [web, dns, ping], action: allow', '$&, log: { start: true, end: true }');
  writeFileSync(file, office);
  const { code, stderr } = await lab.sluice('apply', file);
  expect([code, stderr]).toEqual([0, '']);
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

async function records(...options: string[]): Promise<LogShown[]> {
  return (await lab.show<{ records: LogShown[] }>('log', ...options)).records;
}

function lineOf(part: string): number {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(part)) + 1;
}

test('a session is logged at its start and end, and its rule counts it while it lives', async () => {
  const following = spawn(
    process.execPath,
    [builtProgram('cli/main'), 'show', 'log', '--follow', '--last', '0', '--json'],
    { env: { ...process.env, ...lab.environment }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: following.stdout })[Symbol.asyncIterator]();
  const flow = await lab.hosts.inside.udp(INTERNET.v4, 53);
  await flow.echo('one');
  await flow.echo('two');
  const { rules } = await lab.show<{ rules: RuleShown[] }>('rules');
  const browse = rules.find(({ rule }) => rule === 'browse')!;
  expect(browse).toMatchObject({ hits: 1, sessions: 1, packets: 4 });
  expect(browse.bytes).toBeGreaterThan(4 * 28);
  expect(Date.now() - Date.parse(browse.last_hit!)).toBeLessThan(60_000);
  await lab.sluice('clear', 'sessions', '--all');
  await until('the end to be logged', 3000, async () => (await records()).length === 2);
  const [start, end] = await records('--destination', `${INTERNET.v4}/32`, '--port', '53');
  const place = { rule: 'office-out/browse', file, line: lineOf('name: browse') };
  const ways = { in: 'inside', out: 'wan', from: 'inside', to: 'internet', protocol: 'udp' };
  expect(start).toMatchObject({ event: 'session-start', ...place, ...ways });
  expect(end).toMatchObject({
    event: 'session-end',
    reason: 'cleared',
    ...place,
    ...ways,
    packets_forward: 2,
    packets_reply: 2,
  });
  expect(end!.bytes_forward! + end!.bytes_reply!).toBe(browse.bytes);
  expect(await records('--protocol', 'tcp')).toEqual([]);
  // Who follows sees the same; a follower that came late missed the start.
  const { value } = (await lines.next()) as { value: string };
  expect(['session-start', 'session-end']).toContain((JSON.parse(value) as LogShown).event);
  following.kill();
  await once(following, 'close');
  await flow.close();
});

test('beyond the limit of its rule a denial is counted, not written', async () => {
  for (let i = 0; i < 3; i++)
    await expect(lab.hosts.inside.tcp(INTERNET.v4, 25, 200)).rejects.toThrow();
  const told = (): string[] =>
    readFileSync(path.join(lab.runDirectory, 'sluiced.log'), 'utf8').trim().split('\n');
  const leftOut = (): number =>
    told()
      .map((line) => JSON.parse(line) as { event?: string; limited?: number; lost?: number })
      .filter(({ event }) => event === 'log-left-out')
      .reduce((sum, { limited = 0, lost = 0 }) => sum + limited + 1000 * lost, 0);
  await until('the count of what was left out', 5000, () => Promise.resolve(leftOut() >= 2));
  const denied = await records('--rule', 'office-out/no-direct-mail');
  expect(denied).toHaveLength(1);
  expect(denied[0]).toMatchObject({ event: 'deny', reason: 'policy-deny', destination_port: 25 });
  const text = await lab.sluice('show', 'log', '--rule', 'office-out/no-direct-mail');
  expect(text.stdout).toMatch(
    /^\S+Z deny {10}tcp 10\.1\.\S+ > 203\.0\.113\.\S+:25 inside>internet office-out\/no-direct-mail \(policy-deny\)\n$/,
  );
});

test.each([
  [['log', '--rule', 'nobody'], 1, "sluice: there is no rule 'nobody'\n"],
  [['log', '--limit', '5'], 2, 'sluice: `show log` takes no --limit\n'],
  [['rules', '--follow'], 2, 'sluice: `show rules` takes no --follow\n'],
])('show %j is refused', async (args, code, says) => {
  const result = await lab.sluice('show', ...args);
  expect([result.code, result.stderr.slice(0, says.length)]).toEqual([code, says]);
});
