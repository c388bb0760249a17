// SPDX-License-Identifier: BSD-3-Clause
import type { WriteStream } from 'node:tty';
import type { Keyboard } from './keyboard.js';
import type { Sink } from './output.js';
import { textWidth, withoutLast } from './width.js';

const HINT = '\x1b[7m--More-- (space, Enter, /, q)\x1b[0m';
const FRESH_ROW = '\r\x1b[K';
/** Colours, which take no room. */

const COLOUR = /\x1b\[[0-9;]*m/g;

/** Lines on a terminal, a page at a time: space, Enter, `/` to search, `q` to stop. */
export class Pager implements Sink {
  readonly #output: WriteStream;
  readonly #keyboard: Keyboard;
  readonly #paged: boolean;
  /** Told when the reader has seen enough. */
  readonly #enough: () => void;
  #over = false;
  /** Rows that fit before the next stop. */
  #room: number;
  /** What the reader looks for; lines without it pass unseen. */
  #wanted: RegExp | null = null;

  constructor(
    output: WriteStream,
    keyboard: Keyboard,
    { paged, enough }: { readonly paged: boolean; readonly enough: () => void },
  ) {
    this.#output = output;
    this.#keyboard = keyboard;
    this.#paged = paged;
    this.#enough = enough;
    this.#room = this.#page;
  }

  get #page(): number {
    return Math.max(1, this.#output.rows - 1);
  }

  async write(text: string): Promise<void> {
    if (!this.#paged) {
      await put(this.#output, text);
      return;
    }
    for (const line of text.replace(/\n$/, '').split('\n')) {
      const plain = line.replaceAll(COLOUR, '');
      if (this.#over) return;
      if (this.#passes(plain)) continue;
      const rows = Math.max(1, Math.ceil(textWidth(plain) / Math.max(1, this.#output.columns)));
      if (rows > this.#room) {
        if (!(await this.#more())) {
          this.#over = true;
          this.#enough();
        }
        if (this.#over || this.#passes(plain)) continue;
      }
      this.#room -= rows;
      await put(this.#output, `${line}\n`);
    }
  }

  /** Whether a line comes before what the reader looks for. */
  #passes(line: string): boolean {
    if (this.#wanted?.test(line) === false) return true;
    if (this.#wanted !== null) this.#room = this.#page;
    this.#wanted = null;
    return false;
  }

  /** Waits at the end of a page; false: no more. */
  #more(): Promise<boolean> {
    let pattern: string | null = null;
    this.#output.write(HINT);
    return new Promise((resolve) => {
      const letGo = this.#keyboard.grab((key) => {
        const enter = key === '\r' || key === '\n';
        if (pattern !== null && enter) {
          this.#wanted = expression(pattern);
          this.#room = this.#page;
        } else if (pattern !== null || key === '/') {
          pattern = pattern === null ? '' : edited(pattern, key);
          this.#output.write(`${FRESH_ROW}${pattern === null ? HINT : `/${pattern}`}`);
          return;
        } else if (key === ' ' || key === '\x1b[6~' || key === 'f') this.#room = this.#page;
        else if (enter || key === '\x1b[B' || key === 'j') this.#room = 1;
        else if (key === 'G') this.#room = Number.POSITIVE_INFINITY;
        else if (key !== 'q' && key !== 'Q' && key !== '\x03') return;
        letGo();
        this.#output.write(FRESH_ROW);
        resolve(key !== 'q' && key !== 'Q' && key !== '\x03');
      });
    });
  }
}

/** A pattern after one more key; null when it is given up. */
function edited(pattern: string, key: string): string | null {
  if (key === '\x03' || key === '\x1b') return null;
  if (key === '\x7f' || key === '\b') return withoutLast(pattern);
  return key >= ' ' && !key.startsWith('\x1b') ? pattern + key : pattern;
}

/** What is no regular expression is looked for as it is. */
function expression(pattern: string): RegExp | null {
  if (pattern === '') return null;
  try {
    return new RegExp(pattern, 'iu');
  } catch {
    return new RegExp(pattern.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`), 'iu');
  }
}

/** Writes and waits until it is taken: a slow line is not filled up. */
export function put(output: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    output.write(text, () => resolve());
  });
}
