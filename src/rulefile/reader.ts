// SPDX-License-Identifier: BSD-3-Clause
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { MOST_TEXT } from './limits.js';

/** Why a file that exists gives no text; with `text` and `offset` where the fault has a place. */
export interface Unreadable {
  readonly problem: string;
  readonly text?: string;
  readonly offset?: number;
}

/** Gives the text of a file, null if there is none. Loading does no other input. */
export type Reader = (path: string) => string | null | Unreadable;

/** Reads regular files of UTF-8 text from the disk. */
export function diskReader(path: string): string | null | Unreadable {
  let handle: number;
  try {
    // A FIFO would block the open until somebody writes.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    return {
      problem: code === undefined ? 'it cannot be opened' : `it cannot be opened (${code})`,
    };
  }
  try {
    const { size } = fstatSync(handle);
    if (!fstatSync(handle).isFile()) return { problem: 'it is no regular file' };
    if (size > MOST_TEXT * 4) return { problem: `it has ${size} bytes` };
    return decode(readFileSync(handle));
  } finally {
    closeSync(handle);
  }
}

/** A reader over texts held in memory, by path. */
export function textReader(texts: ReadonlyMap<string, string>): Reader {
  return (path) => texts.get(path) ?? null;
}

function decode(bytes: Buffer): string | Unreadable {
  const text = bytes.toString('utf8');
  const again = Buffer.from(text, 'utf8');
  if (again.equals(bytes)) return text;
  // Decoding replaces each fault by U+FFFD; the first byte that differs lies in the first fault.
  let at = 0;
  while (again[at] === bytes[at]) at++;
  const offset = again
    .subarray(0, at)
    .toString('utf8')
    .replace(/\ufffd$/, '').length;
  return { problem: 'it is not UTF-8 text here', text, offset };
}
