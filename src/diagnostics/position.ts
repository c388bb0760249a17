// SPDX-License-Identifier: BSD-3-Clause

/** A place in a source text: `line` and `column` count from 1, columns in UTF-16 units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
