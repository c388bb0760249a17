// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';
import { projectRoot } from '../../datapath/root.js';
import path from 'node:path';
import { CommandError, type Output } from './grammar.js';
import type { Session } from './session.js';

/** Runs a program whose output goes through the pipes of the line; Ctrl-C interrupts it. */
export async function pipe(
  session: Session,
  argv: readonly string[],
  out: Output,
  input = '',
): Promise<void> {
  const [program = '', ...args] = [...session.within, ...argv];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: session.environment,
  });
  child.stdin.on('error', () => undefined).end(input);
  const interrupt = (): void => void child.kill('SIGINT');
  out.signal.addEventListener('abort', interrupt);
  const copy = async (stream: NodeJS.ReadableStream): Promise<void> => {
    stream.setEncoding('utf8');
    for await (const text of stream) await out.write(text as string);
  };
  const code = new Promise<number | null>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        new CommandError(error.code === 'ENOENT' ? `${program} is not installed` : error.message),
      );
    });
    child.on('close', resolve);
  });
  try {
    const [ended] = await Promise.all([code, copy(child.stdout), copy(child.stderr)]);
    // What went wrong it has said itself.
    if (ended !== 0) throw new CommandError('');
  } finally {
    out.signal.removeEventListener('abort', interrupt);
  }
}

/** Gives the terminal to a program until it ends. */
export async function foreground(session: Session, argv: readonly string[]): Promise<void> {
  const { terminal } = session;
  const [program = '', ...args] = argv;
  const body = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const ignore = (): void => undefined;
      // Its interrupts are its own.
      process.on('SIGINT', ignore);
      const child = spawn(program, args, { stdio: 'inherit', env: session.environment });
      child.on('error', (error) => reject(new CommandError(error.message)));
      child.on('close', () => {
        process.off('SIGINT', ignore);
        resolve();
      });
    });
  await (terminal === null ? body() : terminal.keyboard.lend(body));
}

/** The one-shot command line of this installation. */
export function sluice(...args: readonly string[]): readonly string[] {
  return [process.execPath, path.join(projectRoot(), 'build/js/cli/main.js'), ...args];
}
