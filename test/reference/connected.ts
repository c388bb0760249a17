// SPDX-License-Identifier: BSD-3-Clause
import type { Model } from '../../src/compiler/model.js';
import { iface, prefix4, prefix6 } from './models.js';

export const BASE4 = 0x0b000000;
/** Sixteen steps below the border between the words of an address, as the arbitraries have it. */
export const BASE6 = (0x2001_0db8n << 96n) + (1n << 64n) - 32n;

/** The interfaces of a model get subnets among the addresses of its rules. */
export function connected(model: Model, modes: readonly ('strict' | 'loose' | 'off')[]): Model {
  const subnets = [
    ['inside', 1],
    ['dmz', 17],
    ['outside', 33],
  ] as const;
  return {
    ...model,
    interfaces: subnets.map(([name, first], i) =>
      iface(name, name, {
        reversePath: modes[i]!,
        addresses: [prefix4(BASE4 + first, 28), prefix6(BASE6 + BigInt(first), 124)],
      }),
    ),
  };
}
