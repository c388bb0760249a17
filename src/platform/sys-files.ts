// SPDX-License-Identifier: BSD-3-Clause
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** The small files of /proc and /sys, under a root of one's choice; what is not there is null. */
export class SysFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** A file's text without space around it. */
  text(file: string): string | null {
    try {
      return readFileSync(path.join(this.#root, file), 'utf8').trim();
    } catch {
      return null;
    }
  }

  number(file: string): number | null {
    const text = this.text(file);
    return text !== null && /^-?\d+$/.test(text) ? Number(text) : null;
  }

  /** Last part of where a link leads. */
  link(file: string): string | null {
    try {
      return path.basename(readlinkSync(path.join(this.#root, file)));
    } catch {
      return null;
    }
  }

  /** Names in a folder, sorted. */
  list(folder: string): string[] {
    try {
      return readdirSync(path.join(this.#root, folder)).sort();
    } catch {
      return [];
    }
  }

  /** N of the names PREFIX N SUFFIX in a folder, rising. */
  numbered(folder: string, prefix: string, suffix = ''): number[] {
    const names = this.list(folder).filter(
      (name) => name.startsWith(prefix) && name.endsWith(suffix),
    );
    return names
      .map((name) => name.slice(prefix.length, name.length - suffix.length))
      .filter((digits) => /^\d+$/.test(digits))
      .map(Number)
      .sort((a, b) => a - b);
  }
}
