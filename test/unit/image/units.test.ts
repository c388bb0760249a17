// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../../../src/datapath/root.js';

const FOLDER = path.join(projectRoot(), 'image/root/usr/lib/systemd/system');
const UNITS = readdirSync(FOLDER).filter((name) => name.endsWith('.service'));

/** Programs of the image, which this machine does not have. */
const OURS =
  /^\S+: Command \/usr\/(lib|bin)\/sluice\S* is not executable: No such file or directory$/;

it('systemd finds nothing wrong with the units of the image', () => {
  expect(UNITS.length).toBeGreaterThan(5);
  const files = UNITS.map((name) => path.join(FOLDER, name));
  const { stderr, error } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
    encoding: 'utf8',
  });
  expect(error).toBeUndefined();
  const lines = stderr.split('\n').filter((line) => line !== '' && !OURS.test(line));
  expect(lines).toEqual([]);
});

it.each([
  ['sluiced', 75],
  ['sluice-datapath', 60],
])('%s has no more than it needs', (unit, most) => {
  const file = path.join(FOLDER, `${unit}.service`);
  const { stdout, status } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=yes', `--threshold=${most}`, '--no-pager', file],
    { encoding: 'utf8' },
  );
  process.stdout.write(`${stdout.trim().split('\n').at(-1) ?? ''}\n`);
  expect(status).toBe(0);
});
