// SPDX-License-Identifier: BSD-3-Clause
import path from 'node:path';
import { isEdit, type KeptModel } from '../journal/journal.js';

/** The texts of a commit by path, relative to the nearest folder that has all of them. */
export function archivedTexts({
  main,
  request,
}: Pick<KeptModel, 'main' | 'request'>): Map<string, string> {
  const names = Object.keys(request.files);
  const absolute = new Map(
    names
      .filter((name) => name !== main || !isEdit(main))
      .map((name) => [name, path.resolve(request.directory, name)]),
  );
  // What was written by the appliance has no path.
  let edited = path.resolve(request.directory, 'configuration.yaml');
  const taken = new Set(absolute.values());
  while (taken.has(edited))
    edited = path.join(path.dirname(edited), `edited-${path.basename(edited)}`);
  const folders = [...absolute.values(), ...(isEdit(main) ? [edited] : [])].map(folderOf);
  let common = folders[0] ?? [];
  for (const folder of folders) {
    const end = common.findIndex((part, i) => part !== folder[i]);
    if (end >= 0) common = common.slice(0, end);
  }
  const root = `/${common.join('/')}`;
  return new Map(
    names.map((name) => [
      path.relative(root, absolute.get(name) ?? edited),
      request.files[name] ?? '',
    ]),
  );
}

function folderOf(file: string): string[] {
  return path
    .dirname(file)
    .split('/')
    .filter((part) => part !== '');
}
