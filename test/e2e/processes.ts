// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { command } from '../../src/lab/command.js';

/** The process of a program in a namespace, or null. */
export async function processIn(namespace: string, program: string): Promise<number | null> {
  const pids = (await command(['ip', 'netns', 'pids', namespace])).trim().split('\n');
  const found = pids.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === program.slice(0, 15);
    } catch {
      return false; // it has ended since
    }
  });
  return found === undefined ? null : Number(found);
}
