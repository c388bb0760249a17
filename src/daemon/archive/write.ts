// SPDX-License-Identifier: BSD-3-Clause
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Files below a folder, on the disk when it returns; for root alone. */
export async function writeTexts(
  folder: string,
  texts: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [name, text] of texts) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** A folder with these files in the place of whatever had its name. */
export async function replaceFolder(
  folder: string,
  texts: ReadonlyMap<string, string>,
): Promise<void> {
  const next = path.join(path.dirname(folder), `.${path.basename(folder)}.new`);
  await rm(next, { recursive: true, force: true });
  await mkdir(next, { recursive: true, mode: 0o700 });
  await writeTexts(next, texts);
  await rm(folder, { recursive: true, force: true });
  await rename(next, folder);
}
