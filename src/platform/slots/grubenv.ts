// SPDX-License-Identifier: BSD-3-Clause
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** GRUB reads and writes a file of just this size, in place: it cannot allocate. */
const SIZE = 1024;
const HEAD = '# GRUB Environment Block\n';

/** The variables of a grubenv block. Throws where it is none. */
export function parseEnvironment(block: string): Map<string, string> {
  if (block.length !== SIZE || !block.startsWith(HEAD)) throw new Error('no grubenv block');
  const values = new Map<string, string>();
  for (const line of block.slice(HEAD.length).split('\n')) {
    const at = line.indexOf('=');
    if (at > 0 && !line.startsWith('#')) values.set(line.slice(0, at), line.slice(at + 1));
  }
  return values;
}

export function formatEnvironment(values: ReadonlyMap<string, string>): string {
  const lines = [...values].map(([name, value]) => `${name}=${value}\n`);
  const text = `${HEAD}${lines.join('')}`;
  if (text.length > SIZE) throw new Error('the grubenv block is full');
  return text.padEnd(SIZE, '#');
}

export function readEnvironment(file: string): Map<string, string> {
  return parseEnvironment(readFileSync(file, 'latin1'));
}

/**
 * Changes variables, those given as null go. Written over the old block, whose sectors stay: a power cut
 * leaves one or the other, and no file system structure is touched.
 */
export function changeEnvironment(
  file: string,
  changes: Readonly<Record<string, string | null>>,
): void {
  const values = readEnvironment(file);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) values.delete(name);
    else values.set(name, value);
  }
  const handle = openSync(file, 'r+');
  try {
    writeSync(handle, formatEnvironment(values), 0, 'latin1');
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
