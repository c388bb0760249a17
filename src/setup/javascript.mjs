// SPDX-License-Identifier: BSD-3-Clause
import { chmodSync, existsSync, rmSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { filesUnder, fingerprint, unlessStamped } from './stamp.mjs';
import { ROOT, run } from './steps.mjs';

/** Installs the locked npm packages unless node_modules is at least as new as the lock file. */
export async function installModules() {
  const installed = path.join(ROOT, 'node_modules/.package-lock.json');
  const lock = path.join(ROOT, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  await run('npm ci', ['npm', 'ci', '--no-audit', '--no-fund']);
}

/** Compiles the management plane into build/js and makes `npx sluice` find it. */
export async function buildJavaScript() {
  const sources = filesUnder('src', (name) => name.endsWith('.ts'));
  const inputs = fingerprint([...sources, 'tsconfig.json', 'package-lock.json']);
  await unlessStamped('build/js/.stamp', inputs, async () => {
    await run('tsc', ['node_modules/.bin/tsc', '-p', 'tsconfig.json']);
    removeOrphans(new Set(sources.map((name) => name.slice('src/'.length, -'.ts'.length))));
  });
  const command = path.join(ROOT, 'build/js/cli/main.js');
  if (!existsSync(command)) return;
  chmodSync(command, 0o755);
  chmodSync(path.join(ROOT, 'build/js/cli/shell/login.js'), 0o755);
  const link = path.join(ROOT, 'node_modules/.bin/sluice');
  if (existsSync(link)) return;
  rmSync(link, { force: true });
  symlinkSync('../../build/js/cli/main.js', link);
}

/** A source that is gone must not go on living as a compiled file. */
function removeOrphans(modules) {
  for (const file of filesUnder('build/js', (name) => name.endsWith('.js'))) {
    if (!modules.has(file.slice('build/js/'.length, -'.js'.length))) rmSync(path.join(ROOT, file));
  }
}
