// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { listed } from './packages.mjs';
import { unlessStamped } from './stamp.mjs';
import { ROOT, attempt, readText, run } from './steps.mjs';

/** The Debian 13 root that compiles, which has DPDK 24.11. */
export const PLACE = 'build/debian13';

/** Where the host's own Debian packages come from, or null if it has no such source. */
export function mirror() {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list'];
  if (existsSync(folder)) files.push(...readdirSync(folder).map((name) => `${folder}/${name}`));
  const text = files.map((file) => readText(file) ?? '').join('\n');
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  for (const line of lines) {
    const found = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(https?:\/\/\S*\/debian\/?)(?:\s|$)/.exec(
      line,
    );
    if (found) return found[1];
  }
  return null;
}

/**
 * Compiles the fast path in a Debian 13 root, which has DPDK 24.11, unless the host has that itself.
 * The root is made once. Gives a word about what was not done, or null.
 */
export async function compileOnDebian13() {
  const here = spawnSync('pkg-config', ['--modversion', 'libdpdk'], { encoding: 'utf8' }).stdout;
  if (here.startsWith('24.')) return null;
  const problem = await makeRoot();
  if (problem !== null) return problem;
  await copySources();
  await inside(
    'meson setup, Debian 13',
    'cd /src && [ -e build/build.ninja ] || meson setup build native',
  );
  await inside('ninja, Debian 13', 'cd /src && ninja -C build');
  return null;
}

/** Runs a script in the Debian 13 root, as a named step. */
export function inside(name, script) {
  return run(name, ['chroot', path.join(ROOT, PLACE), 'sh', '-c', script]);
}

/** Puts the sources of the fast path, as they are now, into /src of the Debian 13 root. */
export async function copySources() {
  const source = path.join(ROOT, PLACE, 'src');
  mkdirSync(path.join(source, 'src/tables'), { recursive: true });
  rmSync(path.join(source, 'native'), { recursive: true, force: true });
  for (const name of ['native', 'src/tables'])
    cpSync(path.join(ROOT, name), path.join(source, name), {
      recursive: true,
      preserveTimestamps: true,
    });
  // The generated header has no Debian in it: the root goes without Node.
  const header = path.join(source, 'layout.h');
  const program = ['--import', 'tsx', 'src/tables/header.ts', `${header}.new`];
  await run('layout.h', [process.execPath, ...program]);
  unlessSame(header, readText(`${header}.new`));
  const node = path.join(ROOT, PLACE, 'usr/local/bin/node');
  unlessSame(node, '#!/bin/sh\nfor last; do :; done\nexec cp /src/layout.h "$last"\n');
  chmodSync(node, 0o755);
}

/** Writes a file whose time matters only if it changes. */
function unlessSame(file, text) {
  if (readText(file) !== text) writeFileSync(file, text);
}

/** Makes the root unless there is one with the same packages. Gives what was in the way, or null. */
export async function makeRoot() {
  const source = mirror();
  if (source === null) return 'no Debian mirror in /etc/apt';
  const packages = [...listed(['build', 'imageroot']), 'libcmocka-dev'].join(',');
  const root = path.join(ROOT, PLACE);
  let problem = null;
  await unlessStamped('build/.debian13', `${packages}\n`, async () => {
    rmSync(`${root}.new`, { recursive: true, force: true });
    const { code } = await attempt('Debian 13 root', [
      'mmdebstrap',
      '--variant=apt',
      `--include=${packages}`,
      '--keyring=/usr/share/keyrings/debian-archive-keyring.gpg',
      '--aptopt=APT::Install-Recommends "false"',
      'trixie',
      `${root}.new`,
      source,
    ]);
    if (code !== 0) {
      problem = 'the Debian mirror gives no Debian 13 (build/logs/Debian-13-root.log)';
      return;
    }
    rmSync(root, { recursive: true, force: true });
    renameSync(`${root}.new`, root);
  });
  if (problem !== null) rmSync(path.join(ROOT, 'build/.debian13'), { force: true });
  return problem;
}
