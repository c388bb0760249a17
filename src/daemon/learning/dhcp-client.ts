// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { leaseOf, type Lease } from './lease.js';

/** ms until a client that ended is started again: its device may not be there yet. */
const PAUSE = 1000;

/** Keeps a DHCP client (udhcpc) running on the kernel's device of an interface. */
export class DhcpClient {
  readonly #name: string;
  readonly #script: string;
  readonly #pidFile: string;
  readonly #told: (lease: Lease | null) => void;
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** It had a lease: before, that it has none says nothing of an earlier one. */
  #bound = false;

  /** `wish`: an address it had before. */
  constructor(
    directory: string,
    name: string,
    script: string,
    wish: string | null,
    told: (lease: Lease | null) => void,
  ) {
    this.#name = name;
    this.#script = script;
    this.#pidFile = path.join(directory, `dhcp-${name}.pid`);
    this.#told = told;
    this.#endLast();
    this.#start(wish);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#child?.kill('SIGTERM');
  }

  /** One that a sluiced before us left behind. */
  #endLast(): void {
    try {
      const pid = Number(readFileSync(this.#pidFile, 'utf8'));
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words.includes(this.#script) && words.includes(this.#name)) process.kill(pid, 'SIGTERM');
    } catch {
      // There is none.
    }
  }

  #start(wish: string | null): void {
    const argv = ['-f', '-B', '-i', this.#name, '-s', this.#script, '-p', this.#pidFile];
    // Discovers every two seconds, three times, and again after five.
    const pace = ['-t', '3', '-T', '2', '-A', '5'];
    const child = spawn('udhcpc', [...argv, ...pace, ...(wish === null ? [] : ['-r', wish])], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#line(line));
    const again = (): void => {
      if (this.#stopped || this.#child !== child) return;
      this.#child = null;
      this.#timer = setTimeout(() => this.#start(wish), PAUSE).unref();
    };
    child.on('error', again).on('exit', again);
  }

  #line(line: string): void {
    const lease = leaseOf(this.#name, line);
    if (lease === undefined || this.#stopped || (lease === null && !this.#bound)) return;
    this.#bound = lease !== null;
    this.#told(lease);
  }
}
