// SPDX-License-Identifier: BSD-3-Clause
import type { ValueGrammar, Words } from '../../../daemon/api/candidates.js';

/** Whether a text can be such a value, as far as the grammar tells. */
export function fitsValue(
  { words, text: free, patterns, number, longest }: ValueGrammar,
  text: string,
): boolean {
  if (words.includes(text)) return true;
  if (number !== null && /^-?\d+$/.test(text)) {
    const value = Number(text);
    if (value >= (number.minimum ?? value) && value <= (number.maximum ?? value)) return true;
  }
  if (!free || text.length > (longest ?? text.length)) return false;
  return patterns.every((pattern) => new RegExp(pattern).test(text));
}

/** Words of a path, and which of the words given each of them was. */
export interface Written {
  readonly path: Words;
  readonly given: readonly number[];
}

/** The paths of `a b [ x y ] c z`: those of x, of y, and a c z, for c is a key beside b. */
export function paths(words: Words): readonly Written[] {
  const open = words.indexOf('[');
  const close = words.indexOf(']', open);
  if (open < 0 || close < 0) return [{ path: words, given: words.map((_, i) => i) }];
  const before = words.slice(0, open);
  const own = before.map((_, i) => i);
  const listed = words.slice(open + 1, close).map((word, i) => ({
    path: [...before, word],
    given: [...own, open + 1 + i],
  }));
  const rest = words.slice(close + 1);
  if (rest.length === 0) return listed;
  const shift = close + 1 - (before.length - 1);
  const after = paths([...before.slice(0, -1), ...rest]).map(({ path, given }) => ({
    path,
    given: given.map((i) => (i < before.length - 1 ? i : i + shift)),
  }));
  return [...listed, ...after];
}
