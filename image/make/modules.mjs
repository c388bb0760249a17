// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { filesUnder } from '../../src/setup/stamp.mjs';
import { ROOT, SetupError } from '../../src/setup/steps.mjs';

/** What a module goes by: its file without folder and ending, `-` and `_` being the same. */
const nameOf = (file) =>
  path
    .basename(file)
    .replace(/\.ko.*$/, '')
    .replaceAll('-', '_');

/** What each module needs, by the kernel's own list: name -> {file, needs: files in loading order}. */
export function dependencies(folder) {
  const found = new Map();
  for (const line of readFileSync(path.join(folder, 'modules.dep'), 'utf8').split('\n')) {
    const [file, rest] = line.split(':');
    if (rest === undefined) continue;
    const needs = rest.trim() === '' ? [] : rest.trim().split(' ').reverse();
    found.set(nameOf(file), { file, needs });
  }
  return found;
}

/** Files of the named modules with all they need, in an order in which they can be loaded. */
export function withNeeded(known, builtin, names) {
  const files = new Set();
  for (const name of names) {
    const one = known.get(name.replaceAll('-', '_'));
    if (one === undefined) {
      if (builtin.has(name.replaceAll('-', '_'))) continue;
      throw new SetupError(`image/modules.list: the kernel has no module ${name}`);
    }
    for (const file of [...one.needs, one.file]) files.add(file);
  }
  return [...files];
}

/** Names in image/modules.list. */
export function wantedModules() {
  return readFileSync(path.join(ROOT, 'image/modules.list'), 'utf8')
    .split('\n')
    .filter((line) => /^[a-z0-9]/i.test(line));
}

/** Modules that are part of the kernel itself. */
export function builtinModules(folder) {
  const text = readFileSync(path.join(folder, 'modules.builtin'), 'utf8');
  return new Set(text.split('\n').filter(Boolean).map(nameOf));
}

/** Removes every module but those of the list and what they need. */
export function pruneModules(folder) {
  const kept = new Set(withNeeded(dependencies(folder), builtinModules(folder), wantedModules()));
  const all = filesUnder(path.relative(ROOT, folder), (name) => /\.ko(\.[a-z]+)?$/.test(name));
  for (const file of all) {
    const inside = path.relative(folder, path.join(ROOT, file));
    if (!kept.has(inside)) rmSync(path.join(ROOT, file));
  }
}
