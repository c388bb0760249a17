// SPDX-License-Identifier: BSD-3-Clause
import { Worker } from 'node:worker_threads';
import type { Checked } from './checker.js';
import type { Health } from './state.js';

export interface ToChecks {
  /** From now on these are asked. */
  readonly configure?: readonly (readonly [key: string, checked: Checked])[];
  /** Number of a question for a report. */
  readonly report?: number;
}

export interface FromChecks {
  readonly changed?: { readonly key: string; readonly health: Health };
  readonly report?: HealthReport & { readonly id: number };
}

export interface HealthReport {
  readonly health: readonly (readonly [key: string, health: Health])[];
  /** The most that a check began behind its time since the last report, ms. */
  readonly late: number;
}

/** Health checks in a thread of their own; it starts with the first of them. */
export class HealthThread {
  readonly #program: string;
  readonly #changed: (key: string, health: Health) => void;
  #worker: Worker | null = null;
  readonly #waiting = new Map<number, (report: HealthReport) => void>();
  #next = 1;

  /** `program`: the thread's body. `changed` is called whenever a verdict changes, and with the first. */
  constructor(program: string, changed: (key: string, health: Health) => void) {
    this.#program = program;
    this.#changed = changed;
  }

  configure(all: ReadonlyMap<string, Checked>): void {
    if (all.size > 0) this.#worker ??= this.#start();
    this.#send({ configure: [...all] });
  }

  async report(): Promise<HealthReport> {
    if (this.#worker === null) return { health: [], late: 0 };
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send({ report: id });
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #send(message: ToChecks): void {
    this.#worker?.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(this.#program);
    worker.on('message', ({ changed, report }: FromChecks) => {
      if (changed !== undefined) this.#changed(changed.key, changed.health);
      if (report === undefined) return;
      this.#waiting.get(report.id)?.(report);
      this.#waiting.delete(report.id);
    });
    return worker;
  }
}
