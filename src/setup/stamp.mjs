// SPDX-License-Identifier: BSD-3-Clause
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, readText } from './steps.mjs';

/** Files under a folder of the project, sorted, relative to the root. */
export function filesUnder(folder, accept) {
  return readdirSync(path.join(ROOT, folder), { recursive: true })
    .map((name) => path.join(folder, name))
    .filter(accept)
    .sort();
}

/** A text that changes whenever one of the files does, comes or goes. */
export function fingerprint(files) {
  return files
    .map((file) => {
      const { mtimeMs, size } = statSync(path.join(ROOT, file));
      return `${file} ${mtimeMs} ${size}\n`;
    })
    .join('');
}

/** Does the work unless the stamp file holds just this text; writes it when the work is done. */
export async function unlessStamped(file, text, work) {
  const stamp = path.join(ROOT, file);
  if (readText(stamp) === text) return false;
  await work();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, text);
  return true;
}
