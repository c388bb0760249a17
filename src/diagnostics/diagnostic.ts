// SPDX-License-Identifier: BSD-3-Clause
import type { Code, Severity } from './codes.js';
import type { Position } from './position.js';

/** A further place that belongs to a diagnostic. */
export interface Related extends Position {
  readonly message: string;
}

/** Part of a source line; `column` counts from 1 in it, `length` is what is meant, at least 1. */
export interface Excerpt {
  readonly text: string;
  readonly column: number;
  readonly length: number;
}

/** A step on the way of a packet, as `trace` prints it. */
export interface Step {
  readonly name: string;
  readonly result: string;
  readonly detail: string;
}

/** What the fast path did with a packet; the fields of `trace --json`. */
export interface Trace {
  readonly in: string;
  readonly verdict: string;
  readonly rule: object | null;
  readonly reason: string | null;
  readonly out: string | null;
  readonly phases: readonly Step[];
}

/** Something to tell the user about a text. Plain data: it crosses threads and sockets. */
export interface Diagnostic extends Position {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly hint: string | null;
  readonly related: readonly Related[];
  /** What to show of the source line, or null where there is no text. */
  readonly excerpt: Excerpt | null;
  /** Words that lead to the place in an edited configuration. */
  readonly path?: readonly string[];
  /** Of a packet that the diagnostic speaks of. */
  readonly trace?: Trace;
}

/** The form of `--json`: a diagnostic without its excerpt. */
export type DiagnosticJson = Omit<Diagnostic, 'excerpt'>;

export function toJson(diagnostic: Diagnostic): DiagnosticJson {
  const { code, severity, message, file, line, column, hint, related, trace } = diagnostic;
  const plain = { code, severity, message, file, line, column, hint, related };
  return trace === undefined ? plain : { ...plain, trace };
}
