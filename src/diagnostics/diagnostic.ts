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

/** Something to tell the user about a text. Plain data: it crosses threads and sockets. */
export interface Diagnostic extends Position {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly hint: string | null;
  readonly related: readonly Related[];
  /** What to show of the source line, or null where there is no text. */
  readonly excerpt: Excerpt | null;
}

/** The form of `--json`: a diagnostic without its excerpt. */
export type DiagnosticJson = Omit<Diagnostic, 'excerpt'>;

export function toJson(diagnostic: Diagnostic): DiagnosticJson {
  const { code, severity, message, file, line, column, hint, related } = diagnostic;
  return { code, severity, message, file, line, column, hint, related };
}
