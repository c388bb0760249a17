// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, SetupError, run, say } from './steps.mjs';

/** Packages of the named groups (`# GROUP: …` heads each) in image/packages.list. */
export function listed(groups) {
  const packages = [];
  let group = null;
  for (const line of readFileSync(path.join(ROOT, 'image/packages.list'), 'utf8').split('\n')) {
    const head = /^# (\w+):/.exec(line);
    if (head) group = head[1];
    else if (/^[a-z0-9]/.test(line) && groups.includes(group)) packages.push(line.trim());
  }
  return packages;
}

/** Those of the packages that are not installed. */
export function missing(packages) {
  const { stdout, error } = spawnSync(
    'dpkg-query',
    ['-W', '-f', '${Package} ${db:Status-Status}\n', ...packages],
    { encoding: 'utf8' },
  );
  if (error) throw new SetupError('dpkg-query not found: Sluice is built on Debian 12 or 13');
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

/** Installs what is missing of the groups; asks the archive only then. */
export async function installPackages(groups) {
  const wanted = missing(listed(groups));
  if (wanted.length === 0) return;
  if (process.getuid() !== 0) {
    throw new SetupError(`run as root, or install first: apt-get install ${wanted.join(' ')}`);
  }
  say(`Debian packages to install: ${wanted.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get update', ['apt-get', 'update'], { env });
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...wanted];
  await run('apt-get install', install, { env });
}
