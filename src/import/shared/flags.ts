// SPDX-License-Identifier: BSD-3-Clause
import { ALL_FLAGS } from './box.js';

/** TCP flags by the name rules use, lowest bit first (RFC 9293 section 3.1). */
const NAMES = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'];

/** Flags that are set and flags that are not. */
export interface Cube {
  readonly set: number;
  readonly clear: number;
}

/** What `tcp-flags:` says; `not` turns it round. */
export interface FlagCondition extends Cube {
  readonly not: boolean;
}

/** The flag bytes whose bits under `mask` are `value`, or those whose are not; a bit for each byte. */
export function flagSet(mask: number, value: number, negated: boolean): bigint {
  let set = 0n;
  for (let byte = 0; byte < 256; byte++)
    if (((byte & mask) === value) !== negated) set |= 1n << BigInt(byte);
  return set;
}

/** Conditions without overlap that together hold the set. */
export function flagConditions(set: bigint): FlagCondition[] {
  const whole = cubeOf(set);
  if (whole !== null) return [{ ...whole, not: false }];
  const others = cubeOf(ALL_FLAGS & ~set);
  if (others !== null) return [{ ...others, not: true }];
  return split(set).map((cube) => ({ ...cube, not: false }));
}

/** Names of the bits. */
export function flagNames(bits: number): string[] {
  return NAMES.filter((_, i) => (bits & (1 << i)) !== 0);
}

/** The set as one cube, or null if it is none. */
function cubeOf(set: bigint): Cube | null {
  let count = 0;
  let ones = 0xff;
  let zeroes = 0xff;
  for (let byte = 0; byte < 256; byte++) {
    if (((set >> BigInt(byte)) & 1n) === 0n) continue;
    count++;
    ones &= byte;
    zeroes &= ~byte;
  }
  const free = 8 - bitCount(ones) - bitCount(zeroes);
  return count === 2 ** free ? { set: ones, clear: zeroes } : null;
}

function split(set: bigint, bit = 0): Cube[] {
  if (set === 0n) return [];
  const whole = cubeOf(set);
  if (whole !== null) return [whole];
  let high = 0n;
  for (let byte = 0; byte < 256; byte++)
    if ((byte & (1 << bit)) !== 0) high |= set & (1n << BigInt(byte));
  return [...split(high, bit + 1), ...split(set & ~high, bit + 1)];
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
