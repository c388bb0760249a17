// SPDX-License-Identifier: BSD-3-Clause
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** ms without work before a thread tidies up. */
const REST = 1500;

/** Pages go back to the system too; without it they stay for the next commit. */
const ALL = { type: 'major', execution: 'sync', flavor: 'last-resort' };

/**
 * Gives memory back once a thread has nothing to do: V8 keeps what a large commit took until something
 * presses it, and on a small box that is the datapath's memory. Call it when work ends.
 */
export class Idle {
  readonly #collect: (how: object) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc') as (how: object) => void;
  }

  /** Work was done: the rest begins. */
  worked(): void {
    if (this.#timer !== null) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#collect(ALL), REST).unref();
  }
}
