// SPDX-License-Identifier: BSD-3-Clause

/**
 * A set of addresses of both families as sorted, disjoint, non-adjacent inclusive ranges.
 * `v4` holds lo, hi pairs; `v6` holds four 64-bit words a range: lo (high, low), hi (high, low).
 */
export interface AddressSet {
  readonly v4: Uint32Array;
  readonly v6: BigUint64Array;
}

/** 64-bit words a range takes in `AddressSet.v6`. */
export const V6_WORDS = 4;

/** An IP address: family and value as an unsigned integer (32 or 128 bits). */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A prefix; `address` may have host bits set when it stands for an interface address. */
export interface Prefix {
  readonly address: Address;
  /** 0..32 or 0..128 */
  readonly length: number;
}
