// SPDX-License-Identifier: BSD-3-Clause

/** Columns a text takes on a terminal: none for combining marks, two for wide characters (UAX 11). */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char.codePointAt(0) ?? 0);
  return width;
}

/** As much of a text as fits in so many columns. */
export function clip(text: string, columns: number): string {
  let width = 0;
  let clipped = '';
  for (const char of text) {
    width += charWidth(char.codePointAt(0) ?? 0);
    if (width > columns) break;
    clipped += char;
  }
  return clipped;
}

/** A text without its last character. */
export function withoutLast(text: string): string {
  return text.replace(/[^]$/u, '');
}

const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

function charWidth(code: number): number {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
  if (code < 0x300) return 1;
  if (code <= 0x36f || (code >= 0x200b && code <= 0x200f) || (code >= 0xfe00 && code <= 0xfe0f))
    return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
