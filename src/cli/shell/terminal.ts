// SPDX-License-Identifier: BSD-3-Clause
import type { WriteStream } from 'node:tty';
import type { Keyboard } from './keyboard.js';
import { withoutLast } from './width.js';

/** The screen and keys of a user, for commands that need more than output. */
export class Terminal {
  readonly output: WriteStream;
  readonly keyboard: Keyboard;

  constructor(output: WriteStream, keyboard: Keyboard) {
    this.output = output;
    this.keyboard = keyboard;
  }

  /** An answer typed by the user, unseen where it is `hidden`; null on Ctrl-C or Ctrl-D. */
  ask(question: string, { hidden = false } = {}): Promise<string | null> {
    let text = '';
    this.output.write(question);
    return new Promise((resolve) => {
      const letGo = this.keyboard.grab((key) => {
        if (key === '\x7f' || key === '\b') {
          if (text !== '' && !hidden) this.output.write('\b \b');
          text = withoutLast(text);
        } else if (key === '\r' || key === '\n' || key === '\x03' || key === '\x04') {
          letGo();
          this.output.write('\n');
          resolve(key === '\x03' || key === '\x04' ? null : text);
        } else if (key >= ' ' && !key.startsWith('\x1b')) {
          text += key;
          if (!hidden) this.output.write(key);
        }
      });
    });
  }

  /** Whether the user says yes. */
  async sure(question: string): Promise<boolean> {
    return /^y(es)?$/i.test((await this.ask(`${question} [yes,no] `)) ?? '');
  }
}
