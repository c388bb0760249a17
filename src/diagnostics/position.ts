// SPDX-License-Identifier: BSD-3-Clause

/** A place in a source text: `line` and `column` count from 1, columns in UTF-16 units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Places of many things: their lines, and the file of each, or the one that has all of them. */
export interface Places {
  readonly lines: Uint32Array;
  readonly files: readonly string[];
}

export function fileAt({ files }: Places, index: number): string {
  return files[files.length === 1 ? 0 : index] ?? '';
}
