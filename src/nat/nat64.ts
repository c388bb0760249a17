// SPDX-License-Identifier: BSD-3-Clause
import type { Policy } from '../firewall/model.js';
import { rangeOf } from '../net/address.js';
import { isEmpty, ranges, subtract, union } from '../net/algebra.js';
import { AddressSetBuilder } from '../net/builder.js';
import type { AddressSet, Prefix } from '../net/sets.js';

/** 64:ff9b::/96 (RFC 6052 2.1). */
export const WELL_KNOWN: Prefix = {
  address: { family: 6, value: 0x64ff9bn << 96n },
  length: 96,
};

/** Bits an IPv4 address may lie behind (RFC 6052 2.2). */
export const PREFIX_LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96];

/** RFC 6052 2.2: bits 64 to 71 are zero, in the prefix too. */
export function isNat64Prefix({ address, length }: Prefix): boolean {
  return (
    address.family === 6 &&
    PREFIX_LENGTHS.includes(length) &&
    ((address.value >> 56n) & 0xffn) === 0n
  );
}

/**
 * The policies as they judge what goes through NAT64: a destination of IPv4 also means that address
 * behind the well-known prefix, as which the datapath judges all of them. Where a destination has
 * addresses of IPv4 and all of the prefix, as everything but a few has, IPv4 says which are meant.
 */
export function judgeNat64(policy: Policy): Policy {
  return {
    ...policy,
    rules: policy.rules.map((rule) =>
      rule.destination === null ? rule : { ...rule, destination: behind(rule.destination) },
    ),
  };
}

function behind(set: AddressSet): AddressSet {
  if (set.v4.length === 0) return set;
  const builder = new AddressSetBuilder();
  const { low: base } = rangeOf(WELL_KNOWN);
  for (const { low, high } of ranges(set, 4))
    builder.addRange({ family: 6, low: base + low, high: base + high });
  const whole = new AddressSetBuilder();
  whole.addRange(rangeOf(WELL_KNOWN));
  const prefix = whole.build();
  const rest = isEmpty(subtract(prefix, set)) ? subtract(set, prefix) : set;
  return union(rest, builder.build());
}
