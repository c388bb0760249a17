// SPDX-License-Identifier: BSD-3-Clause

const LONGEST_QUOTE = 60;

/** Text with what would confuse a terminal replaced, character by character; tabs stay. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(
      /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g,
      '\ufffd',
    );
}

/** A user's text inside a message: in quotes, printable, and cut where it is long. */
export function quote(text: string): string {
  const cut = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  return `'${printable(cut).replaceAll('\t', ' ')}'`;
}

/** "a", "a or b", "a, b or c". */
export function oneOf(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}
