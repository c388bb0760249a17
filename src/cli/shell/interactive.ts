// SPDX-License-Identifier: BSD-3-Clause
import { hostname, userInfo } from 'node:os';
import type { ReadStream, WriteStream } from 'node:tty';
import { EXIT } from '../arguments.js';
import { completion, helpText, offersFor } from './complete.js';
import { level } from './config/commands.js';
import { leave } from './config/mode.js';
import { Editor, type Assistant } from './editor.js';
import { execute } from './execute.js';
import { History } from './history.js';
import type { Surroundings } from './main.js';
import { operational } from './operational.js';
import { Pager } from './pager.js';
import { Session } from './session.js';
import { Terminal } from './terminal.js';
import { textWidth } from './width.js';

/** Commands from a terminal until the user leaves. */
export async function interactive(
  input: ReadStream,
  output: WriteStream,
  { runDir, more, within = [] }: Surroundings,
): Promise<number> {
  const assistant: Assistant = {
    complete: async (text) => {
      const offers = await offersFor(session.root, text, session);
      const insert = completion(offers);
      return insert === null
        ? helpText(offers)
        : { insert, drop: Array.from(text.slice(offers.start)).length };
    },
    help: async (text) => helpText(await offersFor(session.root, text, session)),
  };
  const editor = new Editor(input, output, assistant, new History());
  const terminal = new Terminal(output, editor.keyboard);
  const session = new Session(operational(more), { runDir, terminal, within });
  // A connection that is cut off takes its candidate along.
  process.once('SIGHUP', () => {
    void leave(session)
      .catch(() => undefined)
      .finally(() => process.exit(EXIT.error));
  });
  const name = `${userInfo().username}@${hostname().split('.')[0] ?? ''}`;
  while (!session.over) {
    const { configuration } = session;
    if (configuration !== null) output.write(`${level(configuration.level)}\n`);
    const prompt = `${name}${configuration === null ? '>' : '#'} `;
    const abort = new AbortController();
    editor.onInterrupt = () => {
      output.write('^C\n');
      abort.abort();
    };
    const line = await editor.read(prompt);
    if (line === null) break;
    // Ctrl-C came right behind it.
    if (abort.signal.aborted) continue;
    const columns = textWidth(prompt) + textWidth(line);
    await execute(
      session,
      line,
      {
        sink: (paged, enough) => new Pager(output, editor.keyboard, { paged, enough }),
        complain: (text) => void output.write(text),
        indent: columns < output.columns ? textWidth(prompt) : '',
      },
      abort,
    );
  }
  await leave(session).catch(() => undefined);
  editor.close();
  return EXIT.ok;
}
