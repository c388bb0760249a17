// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync, writeFileSync } from 'node:fs';

export const HUGEPAGES = '/proc/sys/vm/nr_hugepages';
/** 2 MiB pages the lab's datapath is content with. */
const WANTED = 384;

/**
 * Raises the machine's hugepages for the lab. Gives what to set at the end (null: nothing was changed)
 * and whether enough are free.
 */
export function raiseHugepages(): { readonly before: number | null; readonly enough: boolean } {
  const free = freePages();
  if (free >= WANTED) return { before: null, enough: true };
  try {
    const before = Number(readFileSync(HUGEPAGES, 'utf8'));
    writeFileSync(HUGEPAGES, String(before + WANTED - free));
    if (freePages() >= WANTED) return { before, enough: true };
    writeFileSync(HUGEPAGES, String(before));
  } catch {
    // Not ours to change: a container, or no such pages.
  }
  return { before: null, enough: false };
}

/** Those that nobody has, and nobody has been promised: a process that runs may yet touch its own. */
function freePages(): number {
  const text = readFileSync('/proc/meminfo', 'utf8');
  const count = (what: string): number =>
    Number(new RegExp(`^HugePages_${what}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return count('Free') - count('Rsvd');
}
