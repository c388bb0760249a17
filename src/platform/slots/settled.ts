// SPDX-License-Identifier: BSD-3-Clause
import { cpSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SlotError } from './places.js';

const MOST_TRIES = 50;
/** ms between tries; a commit takes longer than the copy only while it compiles, which writes nothing. */
const PAUSE = 100;

/**
 * Copies a folder that others may write, as it was at one moment: a copy during which anything of it
 * changed is made again. What is copied may be amid a commit, as after a power cut; the journal is made
 * for that. Throws SlotError for a folder that never rests.
 */
export async function copySettled(
  from: string,
  to: string,
  wanted: (name: string) => boolean,
  copy: () => void = () =>
    cpSync(from, to, {
      recursive: true,
      preserveTimestamps: true,
      filter: (source) => wanted(path.basename(source)),
    }),
): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (tries > 0) await wait(PAUSE);
    rmSync(to, { recursive: true, force: true });
    const before = listing(from, wanted);
    try {
      copy();
    } catch (error) {
      // A file went before its turn.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      continue;
    }
    if (before !== null && before === listing(from, wanted)) return;
  }
  throw new SlotError('the configuration changes all the time and cannot be copied');
}

/** Every file with what changes when it is written or replaced; null where one went meanwhile. */
function listing(folder: string, wanted: (name: string) => boolean): string | null {
  try {
    return readdirSync(folder)
      .filter(wanted)
      .map((name) => {
        const file = path.join(folder, name);
        const stat = statSync(file, { bigint: true });
        const inner = stat.isDirectory() ? (listing(file, wanted) ?? 'gone') : '';
        return `${name} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}\n${inner}`;
      })
      .join('');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
