// SPDX-License-Identifier: BSD-3-Clause
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Lines kept. */
export const MOST_LINES = 2000;

/** Lines of this and earlier sessions, in a file of the user's own; sessions side by side add to it. */
export class History {
  readonly #file: string;
  #lines: string[] = [];

  constructor(file = path.join(homedir(), '.sluice_history')) {
    this.#file = file;
    try {
      this.#lines = readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
    } catch {
      // None yet, or none to be had: this session keeps its own.
    }
    if (this.#lines.length <= MOST_LINES) return;
    this.#lines = this.#lines.slice(-MOST_LINES);
    this.#attempt(() => writeFileSync(file, this.#lines.map(terminated).join(''), { mode: 0o600 }));
  }

  /** Newest first, as readline has it. */
  get newestFirst(): string[] {
    return this.#lines.toReversed();
  }

  add(line: string): void {
    if (line.trim() === '' || line === this.#lines.at(-1)) return;
    this.#lines.push(line);
    this.#attempt(() => appendFileSync(this.#file, terminated(line), { mode: 0o600 }));
  }

  /** The newest line before `below` that has the text; its index, or -1. */
  find(text: string, below = this.#lines.length): number {
    if (text === '') return -1;
    const wanted = text.toLowerCase();
    for (let i = below - 1; i >= 0; i--)
      if (this.#lines[i]?.toLowerCase().includes(wanted) === true) return i;
    return -1;
  }

  at(index: number): string {
    return this.#lines[index] ?? '';
  }

  /** A home that cannot be written is no reason to refuse commands. */
  #attempt(write: () => void): void {
    try {
      write();
    } catch {
      // As said.
    }
  }
}

function terminated(line: string): string {
  return `${line}\n`;
}
