// SPDX-License-Identifier: BSD-3-Clause
import type { Conditions } from '../shared/conditions.js';
import { flagSet } from '../shared/flags.js';
import { flagBits } from '../shared/names.js';
import type { Around } from './around.js';
import type { Cursor } from './cursor.js';
import type { Node } from './ruleset.js';
import { wordOf } from './values.js';

const EXTRA = new Map([
  ['ecn', 64],
  ['ece', 64],
  ['cwr', 128],
]);

/** Reads `tcp flags` up to its value, and what stands behind a slash; false where it has no equivalent. */
export function matchFlags(
  to: Conditions<Around>,
  cursor: Cursor,
  mask: readonly Node[] | null,
  operator: string,
  written: boolean,
  value: readonly Node[],
): boolean {
  to.and({ proto: [[6n, 6n]] });
  const bits = (nodes: readonly Node[]): number | null => {
    let sum = 0;
    for (const node of nodes) {
      const one =
        node.kind === 'group'
          ? bits(node.nodes.filter((inner) => !['|', ','].includes(wordOf(inner))))
          : node.kind === 'word'
            ? (EXTRA.get(node.text) ?? flagBits(node.text.toUpperCase()))
            : null;
      if (one === null) return null;
      sum |= one;
    }
    return sum;
  };
  // `tcp flags syn / syn,ack` is `tcp flags & (syn|ack) == syn`.
  const slash = value.findIndex((node) => wordOf(node) === '/');
  if (slash >= 0) return false;
  if (cursor.peek() === '/') {
    cursor.at++;
    const care = bits(cursor.value());
    const want = bits(value);
    if (care === null || want === null) return false;
    return flagsIn(to, flagSet(care, want, operator === '!='));
  }
  const [first] = value;
  if (value.length === 1 && first?.kind === 'set') {
    let set = 0n;
    for (const { key } of first.elements) {
      const one = bits(key.filter((node) => !['|', ','].includes(wordOf(node))));
      if (one === null) return false;
      set |= flagSet(mask === null ? 255 : (bits(mask) ?? 255), one, false);
    }
    return flagsIn(to, operator === '!=' ? ((1n << 256n) - 1n) & ~set : set);
  }
  const want = bits(value);
  if (want === null) return false;
  if (mask !== null) {
    const care = bits(mask);
    return care !== null && flagsIn(to, flagSet(care, want, operator === '!='));
  }
  if (operator === '!') return flagsIn(to, flagSet(want, 0, false));
  if (!written) return flagsIn(to, flagSet(want, 0, true));
  return flagsIn(to, flagSet(255, want, operator === '!='));
}

function flagsIn(to: Conditions<Around>, flags: bigint): boolean {
  if (flags === 0n) to.boxes = [];
  else to.and({ flags });
  return true;
}
