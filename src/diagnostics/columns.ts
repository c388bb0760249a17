// SPDX-License-Identifier: BSD-3-Clause
import { printable } from './text.js';

/** A column of a text table: its head and a row's value; numbers stand to the right. */
export type Column<R> = readonly [head: string, value: (row: R) => string | number | null];

/** Aligned text, a line per row under a line of heads; a missing value is `-`. */
export function columns<R>(rows: readonly R[], layout: readonly Column<R>[]): string {
  const cells = rows.map((row) => layout.map(([, value]) => value(row)));
  const right = layout.map((_, i) => cells.every((row) => typeof row[i] !== 'string'));
  const texts = [
    layout.map(([head]) => head),
    ...cells.map((row) => row.map((cell) => printable(String(cell ?? '-')))),
  ];
  const widths = layout.map((_, i) =>
    texts.reduce((w, row) => Math.max(w, row[i]?.length ?? 0), 0),
  );
  const lines = texts.map((row) =>
    row
      .map((text, i) => (right[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** A time span in ms for people: `450ms`, `12s`, `3m20s`, `2h05m`, `4d03h`. */
export function span(ms: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const seconds = ms / 1000;
  if (ms < 1000) return `${Math.floor(ms)}ms`;
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h${two((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86400)}d${two((seconds % 86400) / 3600)}h`;
}
