// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { EXIT, wrongUsage } from '../arguments.js';
import { batch } from './batch.js';
import type { Keyword } from './grammar.js';

export const usage = {
  synopsis: 'shell [-c COMMAND]',
  description:
    'The shell of the appliance: `?` tells what may come, tab completes. Commands on stdin run up to the first that fails.',
  options: [['-c COMMAND', 'Run one command, with its pipes, and end with its exit code.']],
} as const;

/** What is around the shell. */
export interface Surroundings {
  readonly runDir?: string | undefined;
  /** Further commands. */
  readonly more?: readonly Keyword[];
  /** What programs like ping are started by. */
  readonly within?: readonly string[];
}

/** `sluice shell`: exit code of the last command, 0 after a session at a terminal, 2 usage. */
export async function run(args: string[]): Promise<number> {
  let options;
  try {
    ({ values: options } = parseArgs({
      args,
      options: { command: { type: 'string', short: 'c' }, 'run-dir': { type: 'string' } },
    }));
  } catch (error) {
    wrongUsage(usage, (error as Error).message);
    return EXIT.usage;
  }
  const surroundings = { runDir: options['run-dir'] };
  // A forced command of sshd says here what was asked for.
  const command = options.command ?? process.env['SSH_ORIGINAL_COMMAND'];
  return command === undefined ? shell(surroundings) : batch([command], surroundings, false);
}

/** Commands from a terminal, or from stdin where that is none. */
export async function shell(surroundings: Surroundings): Promise<number> {
  const { stdin, stdout } = process;
  if (stdin.isTTY && stdout.isTTY) {
    const { interactive } = await import('./interactive.js');
    return interactive(stdin, stdout, surroundings);
  }
  const { createInterface } = await import('node:readline');
  return batch(createInterface({ input: stdin, terminal: false }), surroundings, true);
}
