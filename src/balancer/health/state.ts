// SPDX-License-Identifier: BSD-3-Clause
import type { Answer, Check } from './check.js';

/** Answers that are kept for `show balancers`. */
export const HISTORY = 16;

export interface Entry extends Answer {
  /** When the answer was there, ms since the epoch. */
  readonly at: number;
  /** How long it took, ms. */
  readonly took: number;
}

/** What is known of a backend's health. */
export interface Health {
  /** null before the first verdict: such a backend serves until its first answers say no. */
  readonly up: boolean | null;
  /** Answers in a row that speak against the verdict. */
  readonly against: number;
  /** When the verdict last changed, ms since the epoch. */
  readonly since: number;
  /** Newest first. */
  readonly history: readonly Entry[];
}

export function unknownHealth(now: number): Health {
  return { up: null, against: 0, since: now, history: [] };
}

/**
 * The health after an answer: `rise` good answers in a row bring it up, `fall` bad ones take it
 * down. The first answer of all decides alone when it is good, so a start does not wait.
 */
export function afterAnswer(before: Health, entry: Entry, { rise, fall }: Check): Health {
  const history = [entry, ...before.history].slice(0, HISTORY);
  if (before.up === entry.good) return { ...before, against: 0, history };
  const against =
    before.up === null && before.history[0]?.good !== entry.good ? 1 : before.against + 1;
  const enough = entry.good ? (before.up === null ? 1 : rise) : fall;
  if (against < enough) return { ...before, against, history };
  return { up: entry.good, against: 0, since: entry.at, history };
}
