// SPDX-License-Identifier: BSD-3-Clause
import type { Span } from '../../diagnostics/collect.js';
import { formatPrefix, rangeOf } from '../../net/address.js';
import type { Context } from '../../rulefile/context.js';
import type { ResolvedInterface } from '../resolve.js';

interface Subnet {
  readonly name: string;
  readonly text: string;
  readonly span: () => Span;
  readonly low: bigint;
  readonly high: bigint;
}

/** No two interfaces share a subnet, and no address is given twice. Link-local ones may repeat. */
export function checkOverlap(interfaces: readonly ResolvedInterface[], context: Context): void {
  for (const family of [4, 6] as const) {
    const subnets = interfaces.flatMap((one) => subnetsOf(one, family, context));
    subnets.sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
    let widest: Subnet | undefined;
    for (const subnet of subnets) {
      if (widest !== undefined && subnet.low <= widest.high && widest.name !== subnet.name) {
        const message = `${subnet.text} of '${subnet.name}' overlaps ${widest.text} of '${widest.name}'`;
        const related = { span: widest.span(), message: `${widest.text} is here` };
        context.report('address-overlap', subnet.span(), message, { related: [related] });
      }
      if (widest === undefined || subnet.high > widest.high) widest = subnet;
    }
  }
}

function subnetsOf(one: ResolvedInterface, family: 4 | 6, context: Context): Subnet[] {
  const { name, management } = one.interface;
  // A management port has its own routes in the kernel.
  if (management) return [];
  return one.addresses
    .filter(({ prefix }) => prefix.address.family === family && !isLinkLocal(prefix.address))
    .map(({ prefix, index }) => ({
      name,
      text: formatPrefix(prefix),
      span: () => context.at(one.config.addresses as object, index),
      ...bounds(rangeOf(prefix)),
    }));
}

function bounds({ low, high }: { readonly low: bigint; readonly high: bigint }) {
  return { low, high };
}

function isLinkLocal(address: { readonly family: 4 | 6; readonly value: bigint }): boolean {
  return address.family === 6 && address.value >> 118n === 0xfe80n >> 6n;
}
