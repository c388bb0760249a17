// SPDX-License-Identifier: BSD-3-Clause
import type { Diagnostic, Excerpt, Step } from './diagnostic.js';
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
  if (diagnostic.trace !== undefined) lines.push(...renderSteps(diagnostic.trace.phases));
  return lines.join('\n');
}

/** The steps of a trace, a line each. */
export function renderSteps(steps: readonly Step[]): string[] {
  return steps.map(({ name, result, detail }) =>
    `  ${name.padEnd(8)} ${result.padEnd(8)} ${detail}`.trimEnd(),
  );
}

function caret(line: number, { text, column, length }: Excerpt): string[] {
  const gutter = String(line).padStart(5);
  const shown = printable(text);
  const before = shown.slice(0, column - 1).replace(/[^\t]/g, ' ');
  const tail = Math.max(0, Math.min(length, shown.length - column + 1) - 1);
  return [`${gutter} | ${shown}`, `${' '.repeat(gutter.length)} | ${before}^${'~'.repeat(tail)}`];
}
