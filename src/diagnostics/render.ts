// SPDX-License-Identifier: BSD-3-Clause
import type { Diagnostic, Excerpt } from './diagnostic.js';
import { printable } from './text.js';

/** Text of a diagnostic: the place and message, the line with a caret, hint and further places. */
export function render(diagnostic: Diagnostic): string {
  const { file, line, column, severity, code, message, hint, related, excerpt } = diagnostic;
  const lines = [`${file}:${line}:${column}: ${severity} ${code}: ${message}`];
  if (excerpt !== null) lines.push(...caret(line, excerpt));
  if (hint !== null) lines.push(`  hint: ${hint}`);
  for (const place of related) {
    lines.push(`${place.file}:${place.line}:${place.column}: note: ${place.message}`);
  }
  return lines.join('\n');
}

function caret(line: number, { text, column, length }: Excerpt): string[] {
  const gutter = String(line).padStart(5);
  const shown = printable(text);
  const before = shown.slice(0, column - 1).replace(/[^\t]/g, ' ');
  const tail = Math.max(0, Math.min(length, shown.length - column + 1) - 1);
  return [`${gutter} | ${shown}`, `${' '.repeat(gutter.length)} | ${before}^${'~'.repeat(tail)}`];
}
