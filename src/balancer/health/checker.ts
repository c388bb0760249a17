// SPDX-License-Identifier: BSD-3-Clause
import type { Ask, Check, Target } from './check.js';
import { afterAnswer, unknownHealth, type Health } from './state.js';

export interface Checked {
  readonly check: Check;
  readonly target: Target;
}

/** Part of the interval by which a check may come earlier or later, so that they do not bunch. */
const JITTER = 0.1;

export interface CheckerOptions {
  readonly ask: Ask;
  /** Called whenever a verdict changes, and with the first. */
  readonly changed: (key: string, health: Health) => void;
}

/** Asks many backends, each at its interval; keys tell them apart. */
export class Checker {
  readonly #options: CheckerOptions;
  readonly #running = new Map<string, Runner>();
  #worstLate = 0;

  constructor(options: CheckerOptions) {
    this.#options = options;
  }

  /** From now on these are asked. One whose check and target stay keeps its health and its rhythm. */
  configure(all: ReadonlyMap<string, Checked>): void {
    for (const [key, runner] of this.#running) {
      const wanted = all.get(key);
      if (wanted !== undefined && same(wanted, runner.checked)) continue;
      runner.stop();
      this.#running.delete(key);
    }
    for (const [key, checked] of all) {
      if (this.#running.has(key)) continue;
      const runner = new Runner(checked, this.#options.ask, {
        changed: (health) => this.#options.changed(key, health),
        late: (ms) => (this.#worstLate = Math.max(this.#worstLate, ms)),
      });
      this.#running.set(key, runner);
      runner.start();
    }
  }

  health(key: string): Health | undefined {
    return this.#running.get(key)?.health;
  }

  /** The most that a check began behind its time since the last call, ms. */
  takeWorstLate(): number {
    const worst = this.#worstLate;
    this.#worstLate = 0;
    return worst;
  }

  stop(): void {
    this.configure(new Map());
  }
}

interface RunnerEvents {
  readonly changed: (health: Health) => void;
  readonly late: (ms: number) => void;
}

/** One backend's rhythm: asks do not overlap, since the timeout is at most the interval. */
class Runner {
  readonly checked: Checked;
  health: Health;
  readonly #ask: Ask;
  readonly #events: RunnerEvents;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #due = 0;

  constructor(checked: Checked, ask: Ask, events: RunnerEvents) {
    this.checked = checked;
    this.health = unknownHealth(Date.now());
    this.#ask = ask;
    this.#events = events;
  }

  start(): void {
    // The first round is spread over the interval, a second at most.
    this.#wait(Math.random() * Math.min(1000, this.checked.check.interval));
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    this.#due = performance.now() + ms;
    this.#timer = setTimeout(() => {
      this.#events.late(performance.now() - this.#due);
      void this.#once();
    }, ms);
  }

  async #once(): Promise<void> {
    const { check, target } = this.checked;
    const began = performance.now();
    const answer = await this.#ask(check, target, this.#stopped.signal);
    if (this.#stopped.signal.aborted) return;
    const took = performance.now() - began;
    const before = this.health;
    this.health = afterAnswer(before, { ...answer, at: Date.now(), took }, check);
    if (this.health.up !== before.up) this.#events.changed(this.health);
    const shift = 1 + JITTER * (2 * Math.random() - 1);
    this.#wait(Math.max(0, check.interval * shift - took));
  }
}

function same(a: Checked, b: Checked): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
