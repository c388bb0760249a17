// SPDX-License-Identifier: BSD-3-Clause
import { EXIT, print } from '../arguments.js';
import { leave } from './config/mode.js';
import { execute, type Screen } from './execute.js';
import type { Surroundings } from './main.js';
import { operational } from './operational.js';
import { Session } from './session.js';

/** Runs lines up to the first that fails; its exit code, else 0. Complaints of a script name the line. */
export async function batch(
  lines: Iterable<string> | AsyncIterable<string>,
  { runDir, more, within = [] }: Surroundings,
  numbered: boolean,
): Promise<number> {
  const session = new Session(operational(more), { runDir, terminal: null, within });
  let number = 0;
  const screen: Screen = {
    sink: () => ({ write: print }),
    complain: (text) => void process.stderr.write(text),
    get indent() {
      return numbered ? `line ${number}: ` : '';
    },
  };
  let code: number = EXIT.ok;
  for await (const line of lines) {
    number++;
    const abort = new AbortController();
    const interrupt = (): void => abort.abort();
    process.once('SIGINT', interrupt);
    code = await execute(session, line, screen, abort);
    process.off('SIGINT', interrupt);
    if (code !== EXIT.ok || session.over) break;
  }
  await leave(session).catch(() => undefined);
  return code;
}
