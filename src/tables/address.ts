// SPDX-License-Identifier: BSD-3-Clause
import type { Address } from '../net/sets.js';

/** The address in a record's 16 bytes: IPv4 lies in the first four, network order. */
export function readAddress(bytes: Uint8Array, family: number): Address {
  const used = bytes.subarray(0, family === 4 ? 4 : 16);
  const value = used.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { family: family === 4 ? 4 : 6, value };
}
