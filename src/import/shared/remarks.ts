// SPDX-License-Identifier: BSD-3-Clause
import type { Problem } from '../imported.js';

/** Why a line needs no rule: nothing is lost. */
export type Note = 'sessions' | 'invalid' | 'loopback' | 'fragments';

/** What is to be said about lines: problems on stderr, notes in the file. */
export class Remarks {
  readonly #problems: Problem[] = [];
  readonly #later = new Map<string, Problem[]>();
  readonly #seen = new Set<string>();
  readonly notes = new Map<Note, number[]>();

  problem(line: number, message: string): void {
    const key = `${line} ${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#problems.push({ line, message });
  }

  /** A problem of a rule, which is one only if its chain is reached. */
  later(chain: string, line: number, message: string): void {
    const list = this.#later.get(chain);
    if (list === undefined) this.#later.set(chain, [{ line, message }]);
    else list.push({ line, message });
  }

  /** The chain is reached: its problems count. */
  reached(chain: string): void {
    for (const { line, message } of this.#later.get(chain) ?? []) this.problem(line, message);
    this.#later.delete(chain);
  }

  note(what: Note, line: number): void {
    const list = this.notes.get(what);
    if (list === undefined) this.notes.set(what, [line]);
    else list.push(line);
  }

  /** In the order of lines. */
  problems(): readonly Problem[] {
    return this.#problems.toSorted((a, b) => a.line - b.line);
  }
}

const NOTES: readonly (readonly [Note, string])[] = [
  ['sessions', 'sessions let their packets through, and errors about them'],
  ['invalid', 'the fast path drops what belongs to no session'],
  ['loopback', 'the loopback interface is the kernel’s own'],
  ['fragments', 'fragments have the verdict of their datagram'],
];

/** Comments about the lines that need no rule. */
export function noteLines({ notes }: Remarks): string[] {
  const lines: string[] = [];
  for (const [note, why] of NOTES) {
    const list = notes.get(note);
    if (list === undefined) continue;
    const shown = [...new Set(list)].sort((a, b) => a - b);
    const more = shown.length > 20 ? ` and ${shown.length - 20} more` : '';
    const word = shown.length === 1 ? 'Line' : 'Lines';
    const verb = shown.length === 1 ? 'needs' : 'need';
    lines.push(`# ${word} ${shown.slice(0, 20).join(', ')}${more} ${verb} no rule: ${why}.`);
  }
  return lines;
}
