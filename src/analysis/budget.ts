// SPDX-License-Identifier: BSD-3-Clause

/** A question took more work than it may: its answer stays unknown. */
export class BudgetError extends Error {
  constructor() {
    super('the analysis takes more work than it may');
  }
}

/** Work in steps of a few nanoseconds, never in time: the same on every machine. */
export class Budget {
  #each: number;
  #left: number;
  #total: number;

  /** `each` steps for one question, `total` for all together. */
  constructor(each: number, total: number) {
    this.#each = each;
    this.#total = total;
    this.#left = Math.min(each, total);
  }

  /** Steps that are left for all questions to come. */
  get total(): number {
    return this.#total;
  }

  /** Starts the next question. */
  next(): void {
    this.#left = Math.min(this.#each, this.#total);
  }

  /** Takes steps; throws BudgetError when there are no more. */
  take(steps: number): void {
    this.#left -= steps;
    this.#total -= steps;
    if (this.#left < 0) throw new BudgetError();
  }
}
