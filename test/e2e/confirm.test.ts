// SPDX-License-Identifier: BSD-3-Clause
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Applied } from '../../src/daemon/api/types.js';
import type { RuleShown } from '../../src/daemon/show/rules.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';

let lab: Lab;
let folder: string;
let office: string;

beforeAll(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-e2e-'));
  cpSync(path.join(path.dirname(lab.rules), 'parts'), path.join(folder, 'parts'), {
    recursive: true,
  });
  office = readFileSync(lab.rules, 'utf8').replace(/\nassert:[^]*/, '\n');
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

async function apply(text: string, ...options: string[]): Promise<Applied> {
  const file = path.join(folder, 'rules.yaml');
  writeFileSync(file, text);
  const { code, stdout, stderr } = await lab.sluice('apply', file, '--json', ...options);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Applied;
}

const version = () => lab.show<{ generation: number; confirm_until: string | null }>('version');
const hasBrowse = async (): Promise<boolean> =>
  (await lab.show<{ rules: RuleShown[] }>('rules')).rules.some(({ rule }) => rule === 'browse');
const without = (): string => office.replace(/^.*name: browse, .*\n/m, '');

test('nothing to go back to, nothing to confirm, no number', async () => {
  const file = path.join(folder, 'rules.yaml');
  writeFileSync(file, office);
  expect(await lab.sluice('apply', file, '--confirm', '5')).toMatchObject({
    code: 1,
    stderr: 'sluice: there is no configuration in force to go back to; nothing has changed\n',
  });
  expect(await lab.sluice('confirm')).toMatchObject({
    code: 1,
    stderr: 'sluice: nothing waits for a confirmation\n',
  });
  expect(await lab.sluice('apply', file, '--confirm', '0')).toMatchObject({
    code: 1,
    stderr: 'sluice: minutes to confirm in are a number from 1 to 10080\n',
  });
});

test('what is confirmed stays', async () => {
  await apply(office);
  const { generation, confirm_until } = await apply(without(), '--confirm', '5');
  expect(Date.parse(confirm_until!) - Date.now()).toBeGreaterThan(4 * 60_000);
  expect(await version()).toMatchObject({ generation, confirm_until });
  expect(JSON.parse((await lab.sluice('confirm', '--json')).stdout)).toEqual({ generation });
  expect(await version()).toMatchObject({ generation, confirm_until: null });
  expect(await hasBrowse()).toBe(false);
});

test('what is not confirmed goes back, also after sluiced was away; sessions that both allow live', async () => {
  await apply(office);
  const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
  await flow.echo('before');
  const other = office.replace('service: tcp/25', 'service: tcp/26');
  const { generation } = await apply(other, '--confirm', '5');
  await lab.stopDaemon();
  const state = path.join(lab.runDirectory, 'unconfirmed.json');
  const waiting = JSON.parse(readFileSync(state, 'utf8')) as { generation: number; until: number };
  expect(waiting.generation).toBe(generation);
  writeFileSync(state, JSON.stringify({ ...waiting, until: Date.now() - 1 }));
  await lab.startDaemon();
  await until('the way back', 30_000, async () => (await version()).generation === generation + 1);
  expect((await version()).confirm_until).toBeNull();
  await flow.echo('after');
  await flow.close();
  // It is the old configuration, and the appliance goes on from it.
  expect((await apply(office)).changed).toBe(false);
  expect((await apply(without())).generation).toBe(generation + 2);
});
