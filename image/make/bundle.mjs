// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from '../../src/setup/steps.mjs';

/**
 * What `sluice system upgrade` takes: a tar of release.json, which says what the rest is, and `parts` by
 * name. Gives the path of release.json.
 */
export async function makeBundle({ parts, version, commit, built, output }) {
  const folder = `${output}.parts`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = {};
  for (const [name, file] of Object.entries(parts)) {
    symlinkSync(path.resolve(file), path.join(folder, name));
    files[name] = { bytes: statSync(file).size, sha256: await checksum(file) };
  }
  const release = path.join(folder, 'release.json');
  writeFileSync(release, `${JSON.stringify({ format: 1, version, commit, built, files })}\n`);
  await run('upgrade', [
    ...['tar', '--format=ustar', '--dereference', '--owner=0', '--group=0', '--mode=0644'],
    ...[`--mtime=${built}`, '-cf', output, '-C', folder, 'release.json', ...Object.keys(parts)],
  ]);
  return release;
}

export async function checksum(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
