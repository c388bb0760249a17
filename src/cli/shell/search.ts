// SPDX-License-Identifier: BSD-3-Clause
import type { WriteStream } from 'node:tty';
import type { History } from './history.js';
import type { Keyboard } from './keyboard.js';
import { clip, withoutLast } from './width.js';

export interface Found {
  readonly line: string;
  /** Whether the line was chosen by Enter. */
  readonly run: boolean;
}

/** Ctrl-R: the newest line with the text typed, older ones by Ctrl-R again; Ctrl-G gives `before` back. */
export function search(
  history: History,
  keyboard: Keyboard,
  output: WriteStream,
  before: string,
): Promise<Found> {
  let wanted = '';
  let at = -1;
  const line = (): string => (at < 0 ? before : history.at(at));
  const show = (): void => {
    const failing = wanted !== '' && at < 0 ? 'no match' : 'search';
    const text = `(${failing}) ${wanted}: ${at < 0 ? '' : history.at(at)}`;
    output.write(`\r\x1b[K${clip(text, output.columns - 1)}`);
  };
  show();
  return new Promise((resolve) => {
    const done = (found: Found): void => {
      letGo();
      output.write('\r\x1b[K');
      resolve(found);
    };
    const letGo = keyboard.grab((key) => {
      if (key === '\r' || key === '\n') done({ line: line(), run: at >= 0 });
      else if (key === '\x07' || key === '\x03') done({ line: before, run: false });
      else if (key === '\x12') {
        const older = history.find(wanted, at < 0 ? undefined : at);
        if (older >= 0) at = older;
      } else if (key === '\x7f' || key === '\b') {
        wanted = withoutLast(wanted);
        at = history.find(wanted);
      } else if (key >= ' ' && !key.startsWith('\x1b')) {
        wanted += key;
        at = history.find(wanted, at < 0 ? undefined : at + 1);
      } else done({ line: line(), run: false });
      if (key >= ' ' || key === '\x12' || key === '\b') show();
    });
  });
}
