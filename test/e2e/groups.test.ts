// SPDX-License-Identifier: BSD-3-Clause
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reloaded } from '../../src/daemon/api/types.js';
import type { GroupShown } from '../../src/daemon/show/groups.js';
import type { RuleShown } from '../../src/daemon/show/rules.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';

const DENY =
  '{ name: listed, destination: { include: [blocked], except: 203.0.113.25 }, action: deny }';

const NONE: GroupShown = { name: null, kind: 'addresses', v4: 0, v6: 0, services: 0, files: [] };

let lab: Lab;
let folder: string;
let list: string;
let rules: string;

beforeAll(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-groups-'));
  cpSync(path.join(path.dirname(lab.rules), 'parts'), path.join(folder, 'parts'), {
    recursive: true,
  });
  list = path.join(folder, 'blocked.txt');
  rules = readFileSync(lab.rules, 'utf8')
    .replace('    admins:', '    blocked: { from-file: blocked.txt }\n    admins:')
    .replace('      - { name: no-direct-mail', `      - ${DENY}\n      - { name: no-direct-mail`);
  writeFileSync(list, '192.0.2.0/24\n');
  await apply(rules);
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

async function apply(text: string): Promise<void> {
  const file = path.join(folder, 'rules.yaml');
  writeFileSync(file, text);
  const { code, stderr } = await lab.sluice('apply', file);
  expect([code, stderr]).toEqual([0, '']);
}

/** Puts a list in the place of the other, as who makes lists should: by renaming. */
function replace(text: string): void {
  writeFileSync(`${list}.new`, text);
  renameSync(`${list}.new`, list);
}

async function blocked(): Promise<GroupShown> {
  // sluiced that has just started takes up its model first.
  const { groups } = await lab.show<{ groups: GroupShown[] }>('groups');
  return groups.find(({ name }) => name === 'blocked') ?? NONE;
}

const generation = async (): Promise<number> =>
  (await lab.show<{ generation: number }>('version')).generation;

async function inForce(v4: number, v6 = 0): Promise<number> {
  const { ms } = await until('the new members', 5000, async () => {
    const group = await blocked();
    return group.v4 === v4 && group.v6 === v6;
  });
  return ms;
}

interface Line {
  readonly event: string;
  readonly file?: string;
  readonly message?: string;
  readonly stages?: Reloaded['stages'];
}
const logged = (event: string): Line[] =>
  readFileSync(path.join(lab.runDirectory, 'sluiced.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"${event}"`))
    .map((line) => JSON.parse(line) as Line);

describe('a file of addresses', () => {
  test('that is renamed into place is in force without a commit; sessions are judged', async () => {
    const before = await generation();
    const v4 = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    const v6 = await lab.hosts.inside.tcp(INTERNET.v6, 80);
    for (const flow of [v4, v6]) await flow.echo('before');
    const hits = async (): Promise<number> =>
      (await lab.show<{ rules: RuleShown[] }>('rules')).rules.find(({ rule }) => rule === 'browse')!
        .hits;
    const counted = await hits();
    replace(`# now with a host\n192.0.2.0/24\n${INTERNET.v4}\n`);
    await inForce(2);
    await expect(v4.echo('denied', 700)).rejects.toThrow('timeout');
    await v6.echo('goes on');
    expect([await generation(), await hits()]).toEqual([before, counted]);
    replace('192.0.2.0/24\n2001:db8:ffff::/48 ; the other\n');
    await inForce(1, 1);
    await expect(v6.echo('denied', 700)).rejects.toThrow('timeout');
    for (const flow of [v4, v6]) await flow.close();
    const again = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await again.echo('allowed again');
    await again.close();
    expect(await generation()).toBe(before);
    expect((await blocked()).files).toMatchObject([
      { file: list, state: 'loaded', entries: 2, error: null },
    ]);
  });

  test('with a fault leaves the old members, and says so', async () => {
    replace('192.0.2.0/24\n');
    await inForce(1);
    replace(`10.9.0.0/16\n  10.9.0.300\n010.1.1.1\n`);
    const { value } = await until('the fault', 5000, async () => (await blocked()).files[0]?.error);
    expect([value.message, value.more]).toEqual([
      `${list}:2:3: error address-invalid: '10.9.0.300' is not an address: each of the four numbers of an IPv4 address is 0 to 255`,
      1,
    ]);
    expect(await blocked()).toMatchObject({ v4: 1, files: [{ state: 'error', entries: 1 }] });
    expect(logged('group-file-refused').map(({ file, message }) => [file, message])).toEqual([
      [list, value.message],
    ]);
    const { code, stdout, stderr } = await lab.sluice('reload', 'groups');
    expect([code, stdout]).toEqual([1, `${list}: at fault, its old members stay, 1 entries\n`]);
    expect(stderr).toContain(`${list}:3:1: error address-invalid: '010.1.1.1' is not an address`);
    rmSync(list);
    await until('the next fault', 5000, async () =>
      (await blocked()).files[0]?.error?.message.endsWith(
        `error file-missing: there is no file '${list}'`,
      ),
    );
    writeFileSync(list, '192.0.2.0/24\n');
    await until(
      'the end of the fault',
      5000,
      async () => (await blocked()).files[0]?.error === null,
    );
    expect(await lab.sluice('reload', 'groups')).toMatchObject({
      code: 0,
      stdout: `${list}: unchanged, 1 entries\n`,
    });
  });

  test('is followed on after sluiced and the datapath started again', async () => {
    replace(`192.0.2.0/24\n${INTERNET.v4}\n`);
    await inForce(2);
    const before = await generation();
    const { loaded } = (await blocked()).files[0]!;
    const denied = (): Promise<unknown> =>
      expect(lab.hosts.inside.tcp(INTERNET.v4, 80)).rejects.toThrow();
    await lab.stopDaemon();
    await lab.startDaemon();
    await inForce(2);
    // The time of the text that is kept, to the tick of the file system's clock.
    const again = (await blocked()).files[0]!.loaded;
    expect(Math.abs(Date.parse(again) - Date.parse(loaded))).toBeLessThan(1000);
    const pid = lab.datapathPid;
    process.kill(pid, 'SIGKILL');
    await until('the next datapath', 20_000, async () => {
      const shown = await lab.sluice('show', 'version');
      return shown.code === 0 && lab.datapathPid !== pid;
    });
    await denied();
    // Changed while nobody looked.
    await lab.stopDaemon();
    replace('198.18.0.0/15\n192.0.2.0/24\n2001:db8:dead::/48\n');
    await lab.startDaemon();
    await inForce(2, 1);
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await flow.echo('allowed');
    await flow.close();
    expect(await generation()).toBe(before);
  });

  test('of 100,000 prefixes beside 10,000 rules is in force within a second', async () => {
    const prefixes = (shift: number): string =>
      Array.from({ length: 100_000 }, (_, i) => {
        const n = i * 2 + shift;
        return `${20 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.0/24\n`;
      }).join('');
    const many = Array.from({ length: 10_000 }, (_, i) => {
      const source = `10.1.${(i >> 8) & 255}.${i & 255}`;
      return `      - { name: m${i}, source: ${source}, destination: 198.18.0.0/15, service: tcp/${1 + i}, action: deny }\n`;
    });
    replace(prefixes(0));
    await apply(
      rules.replace(
        '      - { name: no-direct-mail',
        `${many.join('')}      - { name: no-direct-mail`,
      ),
    );
    const memory: string[] = [];
    const rss = (pid: number): string =>
      /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
    const times: number[] = [];
    for (let i = 1; i <= 5; i++) {
      const seen = logged('groups-reloaded').length;
      replace(prefixes(i % 2) + '203.0.113.200\n'.repeat(i % 2));
      const { ms } = await until('the new members', 10_000, () =>
        Promise.resolve(logged('groups-reloaded').length > seen),
      );
      times.push(ms);
      process.stdout.write(
        `100,000 prefixes, rename to in force ${ms.toFixed(0)} ms: ${JSON.stringify(logged('groups-reloaded').at(-1)?.stages)}\n`,
      );
    }
    const sluiced = readFileSync(path.join(lab.runDirectory, 'sluiced.log'), 'utf8')
      .split('\n')
      .flatMap((line) => /"event":"sluiced-up","pid":(\d+)/.exec(line)?.[1] ?? [])
      .at(-1);
    memory.push(`sluiced ${rss(Number(sluiced))} kB`, `datapath ${rss(lab.datapathPid)} kB`);
    process.stdout.write(`resident: ${memory.join(', ')}, list ${statSync(list).size} bytes\n`);
    expect(times.toSorted((a, b) => a - b)[2]).toBeLessThan(1000);
  });
});
