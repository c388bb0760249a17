// SPDX-License-Identifier: BSD-3-Clause
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Charon } from '../../src/daemon/vpn/charon.js';
import { until } from '../../src/lab/until.js';
import type { Vici } from '../../src/vpn/vici.js';

let folder: string;
let charon: Charon;
let vici: Vici;

const MOST = 20_000;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-charon-log-'));
  charon = new Charon(folder, MOST);
  const up = once(charon, 'up') as Promise<[Vici]>;
  charon.start();
  [vici] = await up;
});
afterEach(async () => {
  await charon.stop();
  rmSync(folder, { recursive: true });
});

/** Something that charon says in its log. */
async function say(name: string): Promise<void> {
  await vici.request('load-conn', { [name]: { version: '2', remote_addrs: ['192.0.2.1'] } });
  await vici.request('unload-conn', { name });
}
const said = (file: string): string => readFileSync(file, 'utf8');

test('a log that is long makes way for another, and the one before stays', async () => {
  await say('early');
  charon.turnLog();
  expect(
    charon.logs.map((file) => statSync(file, { throwIfNoEntry: false }) !== undefined),
  ).toEqual([false, true]);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; statSync(charon.log).size <= MOST; i++) await say(`round${round}-${i}`);
    charon.turnLog();
    await until('another log', 10_000, async () => {
      await say(`after-${round}`);
      return existsSync(charon.log) && said(charon.log).includes(`after-${round}`);
    });
    expect(statSync(charon.log).size).toBeLessThan(MOST);
    expect(said(`${charon.log}.1`)).toContain(`round${round}-0`);
  }
  expect(said(`${charon.log}.1`)).not.toContain('early');
});
