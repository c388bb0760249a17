// SPDX-License-Identifier: BSD-3-Clause
import { formatV4, parseV4 } from './v4.js';
import { formatV6, parseV6 } from './v6.js';
import type { Address, Prefix } from './sets.js';

/** An inclusive range of addresses of one family. */
export interface Range {
  readonly family: 4 | 6;
  readonly low: bigint;
  readonly high: bigint;
}

/** Parses an address strictly; a string is the reason why the text is none, e.g. for a message. */
export function parseAddress(text: string): Address | string {
  if (text.includes(':')) {
    const value = parseV6(text);
    return value === null ? problemV6(text) : { family: 6, value };
  }
  const value = parseV4(text);
  return value < 0 ? problemV4(text) : { family: 4, value: BigInt(value) };
}

/** Parses ADDRESS/LENGTH; host bits are kept. A string is the reason why the text is no prefix. */
export function parsePrefix(text: string): Prefix | string {
  const slash = text.indexOf('/');
  if (slash < 0) return 'a prefix needs a length, as in 10.0.0.0/8';
  const address = parseAddress(text.slice(0, slash));
  if (typeof address === 'string') return address;
  const length = parseLength(text.slice(slash + 1), address.family);
  return typeof length === 'string' ? length : { address, length };
}

/** Parses LOW-HIGH, both ends of one family and LOW <= HIGH. A string is the reason for a failure. */
export function parseRange(text: string): Range | string {
  const dash = text.indexOf('-');
  const low = parseAddress(text.slice(0, dash).trimEnd());
  if (typeof low === 'string') return low;
  const high = parseAddress(text.slice(dash + 1).trimStart());
  if (typeof high === 'string') return high;
  if (low.family !== high.family) return 'a range has both ends in one family';
  if (low.value > high.value) return 'the range ends before it starts';
  return { family: low.family, low: low.value, high: high.value };
}

/** Parses an address, prefix or range to the addresses it holds; host bits of a prefix are ignored. */
export function parseMember(text: string): Range | string {
  if (text.includes('/')) {
    const prefix = parsePrefix(text);
    return typeof prefix === 'string' ? prefix : rangeOf(prefix);
  }
  if (text.includes('-')) return parseRange(text);
  const address = parseAddress(text);
  if (typeof address === 'string') return address;
  return { family: address.family, low: address.value, high: address.value };
}

/** The first and last address of the prefix, whatever its host bits are. */
export function rangeOf(prefix: Prefix): Range {
  const host = hostMask(prefix);
  const low = prefix.address.value & ~host;
  return { family: prefix.address.family, low, high: low | host };
}

/** Whether the address lies within the prefix. */
export function prefixContains(prefix: Prefix, address: Address): boolean {
  if (prefix.address.family !== address.family) return false;
  const { low, high } = rangeOf(prefix);
  return low <= address.value && address.value <= high;
}

/** Whether two prefixes share an address. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? prefixContains(a, b.address) : prefixContains(b, a.address);
}

/** Whether bits beyond the prefix length are set. */
export function hasHostBits(prefix: Prefix): boolean {
  return (prefix.address.value & hostMask(prefix)) !== 0n;
}

/** Text of an address; IPv6 as in RFC 5952. */
export function formatAddress(address: Address): string {
  return address.family === 4 ? formatV4(Number(address.value)) : formatV6(address.value);
}

/** Text of a prefix, host bits as they are. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** The prefix without its host bits. */
export function networkOf(prefix: Prefix): Prefix {
  const { family } = prefix.address;
  return { address: { family, value: rangeOf(prefix).low }, length: prefix.length };
}

function hostMask(prefix: Prefix): bigint {
  const bits = prefix.address.family === 4 ? 32 : 128;
  return (1n << BigInt(bits - prefix.length)) - 1n;
}

function parseLength(text: string, family: 4 | 6): number | string {
  const most = family === 4 ? 32 : 128;
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text) || Number(text) > most) {
    return `the prefix length of an IPv${family} address is 0 to ${most}`;
  }
  return Number(text);
}

function problemV4(text: string): string {
  if (/^[0-9]+(\.[0-9]+){3}$/.test(text)) {
    const parts = text.split('.');
    if (parts.some((part) => part.length > 1 && part.startsWith('0'))) {
      return 'numbers with a leading zero are read as octal by some programs and refused here';
    }
    return 'each of the four numbers of an IPv4 address is 0 to 255';
  }
  if (/^(0[xX][0-9a-fA-F]+|[0-9]+)(\.(0[xX][0-9a-fA-F]+|[0-9]+)){0,3}$/.test(text)) {
    return 'an IPv4 address is four decimal numbers, as in 192.0.2.1';
  }
  return 'it is neither an IPv4 nor an IPv6 address';
}

function problemV6(text: string): string {
  if (text.includes('%')) return 'an address with a zone id is valid on one host only';
  if (text.indexOf('::') !== text.lastIndexOf('::')) return '"::" stands once in an IPv6 address';
  return 'it is not an IPv6 address';
}
