// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

/** Where Debian has them. */
export const PROGRAMS = '/usr/lib/frr';
/** ms between looks for what tells of itself by a file alone. */
const LOOK = 20;
/** ms a daemon may take to answer, on a machine that has much else to do. */
const START = 60_000;

/** zebra leaves its routes when it ends, and the next has a minute to learn them again. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  zebra: ['-r', '-K', '60', '-s', '90000000'],
};

/** One daemon of FRR in the foreground, as long as it is wanted; whoever has it starts it again. */
export class FrrDaemon {
  readonly name: string;
  readonly since = new Date();
  readonly #child: ChildProcess;
  readonly #socket: string;

  private constructor(name: string, child: ChildProcess, socket: string) {
    this.name = name;
    this.#child = child;
    this.#socket = socket;
  }

  /** Starts it, once the one that a sluiced before us may have left is gone. */
  static async start(
    name: string,
    directory: string,
    say: (line: string) => void,
    ended: (how: string) => void,
  ): Promise<FrrDaemon> {
    const pidFile = path.join(directory, `${name}.pid`);
    const socket = path.join(directory, `${name}.vty`);
    await endLast(pidFile, directory);
    rmSync(socket, { force: true });
    // mgmtd has no business with zebra's socket, and refuses the option.
    const zserv = name === 'mgmtd' ? [] : ['-z', path.join(directory, 'zserv.api')];
    const argv = ['-i', pidFile, '--vty_socket', directory, ...zserv, '-f', '/dev/null'];
    const more = ['-P', '0', '--log', 'stdout', '--log-level', 'informational'];
    const child = spawn(path.join(PROGRAMS, name), [...argv, ...more, ...(OPTIONS[name] ?? [])], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    createInterface({ input: child.stdout }).on('line', say);
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) => ended(signal ?? `exit ${String(code)}`));
    return new FrrDaemon(name, child, socket);
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  get running(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Whether it takes commands; false where it ends before. */
  async ready(): Promise<boolean> {
    const until = Date.now() + START;
    while (this.running && Date.now() < until) {
      if (existsSync(this.#socket)) return true;
      await wait(LOOK);
    }
    return false;
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }
}

async function endLast(pidFile: string, directory: string): Promise<void> {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'utf8'));
  } catch {
    return; // there is none
  }
  const ours = (): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(directory);
    } catch {
      return false;
    }
  };
  if (ours()) process.kill(pid, 'SIGTERM');
  const until = Date.now() + START;
  while (ours() && Date.now() < until) await wait(LOOK);
}
