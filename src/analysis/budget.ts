// SPDX-License-Identifier: BSD-3-Clause

/** A question took more work than it may: its answer stays unknown. */
export class BudgetError extends Error {
  constructor() {
    super('the analysis takes more work than it may');
  }
}

/** Work in steps of a few nanoseconds, never in time: the same on every machine. */
export class Budget {
  #left = 0;
  #total: number;

  /** `total` steps for all questions together. */
  constructor(total: number) {
    this.#total = total;
  }

  /** Starts the next question, which may take so many steps. */
  next(steps: number): void {
    this.#left = Math.min(steps, this.#total);
  }

  /** Takes steps; throws BudgetError when there are no more. */
  take(steps: number): void {
    this.#left -= steps;
    this.#total -= steps;
    if (this.#left < 0) throw new BudgetError();
  }
}
