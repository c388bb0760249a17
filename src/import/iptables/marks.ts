// SPDX-License-Identifier: BSD-3-Clause
import type { Dump } from './dump.js';
import { numberOf } from '../shared/names.js';
import { parseOptions } from './options.js';

/** Bits that rules of any table may set in marks; all of them where that cannot be told. */
export function marksOf({ tables }: Dump): { mark: number; connmark: number } {
  const bits = { mark: 0, connmark: 0 };
  for (const { chains } of tables)
    for (const { rules } of chains.values())
      for (const { words } of rules) {
        const { target } = parseOptions(words);
        if (target?.name === 'MARK') bits.mark |= setBits(target.options);
        else if (target?.name === 'CONNMARK') {
          // What is saved in a connection comes back with its next packet.
          const moved = target.options.some(({ name }) => /^--(save|restore)-mark$/.test(name));
          bits.connmark |= moved ? -1 : setBits(target.options);
          if (target.options.some(({ name }) => name === '--restore-mark')) bits.mark = -1;
        }
      }
  return bits;
}

function setBits(
  options: readonly { readonly name: string; readonly args: readonly string[] }[],
): number {
  let bits = 0;
  for (const { name, args } of options) {
    const value = numberOf((args[0] ?? '').split('/')[0] ?? '', 0xffffffff);
    if (/^--(set-x?mark|or-mark|xor-mark)$/.test(name) && value !== null) bits |= value;
    else if (name !== '--and-mark') bits = -1;
  }
  return bits;
}
