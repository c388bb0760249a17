// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DatapathAway, openControl, type RequestOptions } from '../datapath/libsluice.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';

export interface DatapathStatus {
  readonly pid: number;
  readonly generation: number;
  readonly workers: number;
  /** Model hash of the tables in force, in hexadecimal; empty for none. */
  readonly model: string;
}

interface Events {
  /** It answers, after a start or because it never went away. */
  up: [DatapathStatus];
  /** It ended; `how` says with which status. A new one is on its way. */
  down: [how: string];
}

/** ms between looks for the control socket of a datapath that starts. */
const LOOK = 10;
/** ms between looks whether a datapath that is not our child still lives. */
const WATCH = 100;
/** A datapath that ends sooner than this many ms after its start is started again later and later. */
const HEALTHY = 5000;
const LONGEST_PAUSE = 5000;

/**
 * Keeps one datapath running: takes over one that lives, starts it otherwise, and starts it again
 * when it ends. It is not tied to sluiced: it forwards whether or not sluiced lives.
 */
export class DatapathProcess extends EventEmitter<Events> {
  readonly #directory: string;
  readonly #argv: readonly [string, ...string[]];
  #stopped = false;
  #status: DatapathStatus | null = null;

  constructor(directory: string, argv: readonly [string, ...string[]]) {
    super();
    this.#directory = directory;
    this.#argv = argv;
  }

  get program(): string {
    return this.#argv[0];
  }

  /** As of its last start; null while there is none. */
  get status(): DatapathStatus | null {
    return this.#status;
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    let pause = 0;
    for (let found = await this.#ask(); !this.#stopped; found = null) {
      const start = Date.now();
      const how = found === null ? await this.#child() : await this.#adopt(found);
      this.#status = null;
      if (this.#isStopped()) return;
      this.emit('down', how);
      pause = Date.now() - start > HEALTHY ? 0 : Math.min(LONGEST_PAUSE, pause * 2 || 50);
      await wait(pause);
    }
  }

  /** No longer starts it again; it goes on as it is. */
  stop(): void {
    this.#stopped = true;
  }

  /** One request over a connection of its own, so that a long one holds up no other. */
  async request(op: number, options: RequestOptions = {}): Promise<Buffer> {
    if (this.#status === null) throw new DatapathAway('the datapath is not running');
    const control = openControl(this.#directory);
    try {
      return await control.request(op, options);
    } finally {
      control.close();
    }
  }

  async json<T>(op: number, options: RequestOptions = {}): Promise<T> {
    return JSON.parse((await this.request(op, options)).toString('utf8')) as T;
  }

  /** A look at the flag that the compiler does not fold: it changes while we wait. */
  #isStopped(): boolean {
    return this.#stopped;
  }

  async #ask(): Promise<DatapathStatus | null> {
    try {
      const control = openControl(this.#directory);
      try {
        const answer = await control.request(M.OP_STATUS, { timeout: 2000 });
        return JSON.parse(answer.toString('utf8')) as DatapathStatus;
      } finally {
        control.close();
      }
    } catch (error) {
      if (error instanceof DatapathAway) return null;
      throw error;
    }
  }

  #up(status: DatapathStatus): void {
    this.#status = status;
    writeFileSync(path.join(this.#directory, 'datapath.pid'), `${status.pid}\n`);
    this.emit('up', status);
  }

  async #adopt(status: DatapathStatus): Promise<string> {
    this.#up(status);
    while (!this.#stopped && alive(status.pid)) await wait(WATCH, undefined, { ref: false });
    return 'ended';
  }

  async #child(): Promise<string> {
    rmSync(path.join(this.#directory, 'control.sock'), { force: true });
    const log = openSync(path.join(this.#directory, 'datapath.log'), 'a', 0o640);
    const [program, ...args] = this.#argv;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    child.unref();
    const end = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('exit', (code, signal) => resolve(signal ?? `exit ${String(code)}`));
    });
    const ended = (): boolean =>
      child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    while (!ended() && !this.#isStopped()) {
      const status = await this.#ask();
      if (status !== null) {
        this.#up(status);
        break;
      }
      await wait(LOOK);
    }
    return end;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
