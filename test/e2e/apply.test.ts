// SPDX-License-Identifier: BSD-3-Clause
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Applied, ApplyJson } from '../../src/daemon/api/types.js';
import type { RuleShown } from '../../src/daemon/show/rules.js';
import type { SessionShown } from '../../src/daemon/show/sessions.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET, SERVER } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';

let lab: Lab;
let folder: string;
/** Text of the lab's rule file. */
let office: string;

beforeAll(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-e2e-'));
  cpSync(path.join(path.dirname(lab.rules), 'parts'), path.join(folder, 'parts'), {
    recursive: true,
  });
  office = readFileSync(lab.rules, 'utf8');
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await applied(office);
  await lab.sluice('clear', 'sessions', '--all');
});

async function apply(text: string): Promise<{ code: number; answer: ApplyJson; stderr: string }> {
  const file = path.join(folder, 'rules.yaml');
  writeFileSync(file, text);
  const { code, stdout, stderr } = await lab.sluice('apply', file, '--json');
  return { code, answer: JSON.parse(stdout) as ApplyJson, stderr };
}

async function applied(text: string): Promise<Applied> {
  const { code, answer, stderr } = await apply(text);
  expect([code, stderr]).toEqual([0, '']);
  return answer as unknown as Applied;
}

async function sessions(...filters: string[]): Promise<SessionShown[]> {
  return (await lab.show<{ sessions: SessionShown[] }>('sessions', ...filters)).sessions;
}

/** The rule file without a rule of it. */
function without(rule: string): string {
  const text = office
    .split('\n')
    .filter((line) => !line.includes(`name: ${rule},`) && !line.includes(`/${rule} `))
    .join('\n');
  expect(text).not.toBe(office);
  return text;
}

describe('apply', () => {
  test('times its stages and keeps every session of an unchanged rule', async () => {
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await flow.echo('before');
    const answer = await applied(`${office}\n# changed\n`);
    expect(answer.changed).toBe(false);
    const renamed = await applied(office.replace('{ hostname: edge1 }', '{ hostname: edge2 }'));
    expect(renamed.sessions.ended).toBe(0);
    await flow.echo('after');
    await flow.close();
    expect(Object.keys(answer.stages).sort()).toEqual(
      ['read', 'schema', 'check', 'compile', 'assert', 'stage', 'journal', 'activate'].sort(),
    );
  });

  test('ends the sessions of a rule that is gone, and no others', async () => {
    const { inside, wan } = lab.hosts;
    const kept = await inside.tcp(INTERNET.v4, 80);
    const kept6 = await inside.udp(INTERNET.v6, 53);
    const gone = await wan.tcp(SERVER.v4, 8080);
    const gone6 = await wan.tcp(SERVER.v6, 8080);
    for (const flow of [kept, kept6, gone, gone6]) await flow.echo('before');
    expect(await sessions()).toHaveLength(4);

    const answer = await applied(without('web').replace(/^.*published\/web.*$/gm, ''));
    expect(answer.changed).toBe(true);
    expect(answer.sessions).toEqual({ kept: 2, ended: 2 });
    await kept.echo('after');
    await kept6.echo('after');
    await expect(gone.echo('after', 700)).rejects.toThrow('timeout');
    await expect(gone6.echo('after', 700)).rejects.toThrow('timeout');
    expect((await sessions()).map(({ rule }) => rule)).toEqual([
      'office-out/browse',
      'office-out/browse',
    ]);
    for (const flow of [kept, kept6, gone, gone6]) await flow.close();
  });

  test('keeps the counters of a rule whose neighbours come and go', async () => {
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await flow.echo('counted');
    await flow.close();
    const hits = async (): Promise<number> => {
      const { rules } = await lab.show<{ rules: RuleShown[] }>('rules');
      return rules.find(({ policy, rule }) => policy === 'office-out' && rule === 'browse')!.hits;
    };
    const before = await hits();
    expect(before).toBeGreaterThan(0);
    await applied(without('no-direct-mail').replace(/^.*=> deny office-out.*$/gm, ''));
    expect(await hits()).toBe(before);
  });

  test.each([
    [
      'an error in the rule file',
      (text: string) => text.replace('to: internet', 'to: intranet'),
      /rules\.yaml:\d+:\d+: error unknown-zone: /,
    ],
    [
      'an assertion that does not hold',
      (text: string) => `${text}  - inside tcp 10.1.2.3:40000 203.0.113.80:443 => deny\n`,
      /rules\.yaml:\d+:\d+: error assert-failed: 'inside tcp 10\.1\.2\.3:40000 203\.0\.113\.80:443 => deny' does not hold: the packet gets allow office-out\/browse out wan\n/,
    ],
    [
      'an interface without a port',
      (text: string) => text.replace(/^.*net_af_packet1.*\n/m, ''),
      /rules\.yaml:\d+:\d+: error port-missing: interface 'dmz' has no port\n/,
    ],
    [
      'a port that is not there',
      (text: string) => text.replace('iface=sl-dmz', 'iface=nowhere'),
      /sluice: the datapath refuses the tables: .*; nothing has changed\n/,
    ],
  ])('refused for %s leaves the old rules in force', async (_, change, says) => {
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await flow.echo('before');
    const { generation } = await lab.show<{ generation: number }>('version');
    const { code, answer, stderr } = await apply(change(office));
    expect(stderr).toMatch(says);
    expect([code, answer.ok]).toEqual([1, false]);
    await flow.echo('after');
    await flow.close();
    expect((await lab.show<{ generation: number }>('version')).generation).toBe(generation);
    expect((await applied(office)).changed).toBe(false);
  });
});

describe('clear sessions', () => {
  test('ends those that fit all filters', async () => {
    const { inside } = lab.hosts;
    const tcp = await inside.tcp(INTERNET.v4, 80);
    const udp = await inside.udp(INTERNET.v4, 53);
    const tcp6 = await inside.tcp(INTERNET.v6, 80);
    for (const flow of [tcp, udp, tcp6]) await flow.echo('open');
    const clear = async (...filters: string[]): Promise<unknown> => {
      const { code, stdout, stderr } = await lab.sluice('clear', 'sessions', ...filters, '--json');
      expect([code, stderr]).toEqual([0, '']);
      return JSON.parse(stdout);
    };
    expect(await clear('--port', '81')).toEqual({ cleared: 0 });
    expect(await clear('--protocol', 'tcp', '--destination', '203.0.113.0/24')).toEqual({
      cleared: 1,
    });
    await until('the end of the session', 1000, async () => (await sessions()).length === 2);
    expect((await sessions('--from', 'inside')).map(({ protocol }) => protocol).sort()).toEqual([
      'tcp',
      'udp',
    ]);
    expect(await clear('--rule', 'office-out/browse')).toEqual({ cleared: 2 });
    await until('the end of all', 1000, async () => (await sessions()).length === 0);
    for (const flow of [tcp, udp, tcp6]) await flow.close();
  });

  test.each([
    [
      ['--rule', 'office-out/brows'],
      1,
      "there is no rule 'office-out/brows', did you mean 'office-out/browse'?",
    ],
    [['--source', '010.0.0.1'], 1, "'010.0.0.1': "],
    [[], 2, 'give filters, or --all alone'],
  ])('%j is refused', async (filters, code, says) => {
    const result = await lab.sluice('clear', 'sessions', ...filters);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(`sluice: ${says}`);
  });
});

describe('sluiced', () => {
  test('that comes back takes over the datapath and goes on from its generation', async () => {
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await flow.echo('before');
    const pid = lab.datapathPid;
    const { generation } = await lab.show<{ generation: number }>('version');
    await lab.stopDaemon();
    expect((await lab.sluice('show', 'version')).code).toBe(4);
    await flow.echo('while it is away');
    await lab.startDaemon();
    expect(lab.datapathPid).toBe(pid);
    await flow.echo('after');
    await flow.close();
    expect((await applied(office)).changed).toBe(false);
    const next = await applied(without('no-direct-mail').replace(/^.*=> deny office-out.*$/gm, ''));
    expect(next.generation).toBe(generation + 1);
  });
});
