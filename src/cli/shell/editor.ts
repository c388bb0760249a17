// SPDX-License-Identifier: BSD-3-Clause
import { createInterface, type Interface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { History, MOST_LINES } from './history.js';
import { Keyboard } from './keyboard.js';
import { search } from './search.js';
import { readLine } from './words.js';

const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l';
const TAB = '\t';
const HELP = '?';
const SEARCH = '\x12';

/** What the shell tells the editor about a line up to the cursor. */
export interface Assistant {
  /** What completion adds at the cursor, after taking away `drop` characters before it. */
  complete(text: string): Promise<{ readonly insert: string; readonly drop: number } | string>;
  help(text: string): Promise<string>;
}

/** Lines from a terminal, with history, completion and help. */
export class Editor {
  readonly keyboard: Keyboard;
  readonly #lines: Interface;
  readonly #output: WriteStream;
  readonly #history: History;
  readonly #assistant: Assistant;
  #waiting: ((line: string | null) => void) | null = null;
  #closed = false;
  /** Told of Ctrl-C while a command runs. */
  onInterrupt: () => void = () => undefined;

  constructor(input: ReadStream, output: WriteStream, assistant: Assistant, history: History) {
    this.#output = output;
    this.#assistant = assistant;
    this.#history = history;
    this.keyboard = new Keyboard(input, {
      keys: new Map([
        [TAB, () => this.#complete()],
        [HELP, () => this.#help()],
        [SEARCH, () => this.#search()],
      ]),
      paste: (text) => this.#lines.write(text),
      interrupt: () => this.onInterrupt(),
    });
    this.#lines = createInterface({
      input: this.keyboard.feed,
      output,
      terminal: true,
      history: history.newestFirst,
      historySize: MOST_LINES,
      removeHistoryDuplicates: true,
    });
    this.#lines.on('line', (line) => this.#give(line));
    this.#lines.on('close', () => {
      this.#closed = true;
      this.#give(null);
    });
    this.#lines.on('SIGINT', () => {
      output.write('^C\n');
      this.#clear();
      this.keyboard.flush();
      this.#lines.prompt();
    });
  }

  /** The next line; null at the end of input. */
  read(prompt: string): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#lines.setPrompt(prompt);
      this.#output.write(PASTE_ON);
      this.#lines.prompt();
      this.keyboard.release();
    });
  }

  close(): void {
    this.#lines.close();
    this.keyboard.close();
  }

  #give(line: string | null): void {
    this.#output.write(PASTE_OFF);
    if (line !== null) this.#history.add(line);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(line);
  }

  get #before(): string {
    return this.#lines.line.slice(0, this.#lines.cursor);
  }

  async #complete(): Promise<void> {
    const told = await this.#assistant.complete(this.#before);
    if (typeof told === 'string') {
      this.#show(told);
      return;
    }
    for (let i = 0; i < told.drop; i++) this.#lines.write(null, { name: 'backspace' });
    this.#lines.write(told.insert);
  }

  async #help(): Promise<void> {
    // Inside quotes it is a character.
    if (readLine(this.#before).open !== null) this.#lines.write(HELP);
    else this.#show(await this.#assistant.help(this.#before));
  }

  async #search(): Promise<void> {
    const found = await search(this.#history, this.keyboard, this.#output, this.#lines.line);
    this.#clear();
    this.#lines.write(found.line);
    if (found.run) this.keyboard.press('\r');
    else this.#lines.prompt(true);
  }

  /** Text below the line, and the line anew below that. */
  #show(text: string): void {
    const { cursor } = this.#lines;
    // From the last of its rows: the line may go on behind the cursor.
    this.#lines.write(null, { ctrl: true, name: 'e' });
    this.#output.write(`\n${text}`);
    // readline is to take the fresh row for the line's first.
    Object.assign(this.#lines, { cursor, prevRows: 0 });
    this.#lines.prompt(true);
  }

  #clear(): void {
    this.#lines.write(null, { ctrl: true, name: 'e' });
    this.#lines.write(null, { ctrl: true, name: 'u' });
  }
}
