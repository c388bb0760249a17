// SPDX-License-Identifier: BSD-3-Clause

/** A line of the source that has no equivalent, or not a whole one. */
export interface Problem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** What an import makes: a rule file that passes `check`, and what is missing from it. */
export interface Imported {
  readonly text: string;
  readonly rules: number;
  readonly problems: readonly Problem[];
  /** Why there is no rule file. */
  readonly refused?: string;
}
