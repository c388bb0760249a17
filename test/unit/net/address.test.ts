// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { Address4, Address6 } from 'ip-address';
import { describe, expect, it } from 'vitest';
import {
  formatAddress,
  formatPrefix,
  hasHostBits,
  networkOf,
  parseAddress,
  parseMember,
  parsePrefix,
  parseRange,
  prefixesOverlap,
  rangeOf,
} from '../../../src/net/address.js';
import type { Address, Prefix } from '../../../src/net/sets.js';

const v4 = fc.bigInt({ min: 0n, max: 0xffffffffn }).map((value): Address => ({ family: 4, value }));
// Values of few set groups exercise the shortening of zeros.
const v6 = fc
  .array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups): Address => ({
    family: 6,
    value: groups.reduce((sum, group) => (sum << 16n) | group),
  }));

describe('parseAddress', () => {
  it.each([
    '010.0.0.1',
    '1',
    '0x7f.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1..2.3',
    '１.2.3.4',
    '::1%eth0',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    ':1::',
    '1:',
    '',
    '::ffff:1.2.3',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4::5:6:7:8',
    '::ffff:01.2.3.4',
    '-1.2.3.4',
  ])('refuses %j', (text) => {
    expect(typeof parseAddress(text)).toBe('string');
  });

  it.each([
    ['0.0.0.0', 4, 0n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['::ffff:1.2.3.4', 6, 0xffff01020304n],
    ['1:2:3:4:5:6:7::', 6, 0x00010002000300040005000600070000n],
    ['ABCD::', 6, 0xabcdn << 112n],
    ['64:ff9b::192.0.2.33', 6, (0x64ff9bn << 96n) | 0xc0000221n],
  ])('reads %s', (text, family, value) => {
    expect(parseAddress(text)).toEqual({ family, value });
  });

  it('says why', () => {
    expect(parseAddress('010.0.0.1')).toBe(
      'numbers with a leading zero are read as octal by some programs and refused here',
    );
    expect(parseAddress('::1%eth0')).toBe('an address with a zone id is valid on one host only');
    expect(parseAddress('300.1.1.1')).toBe(
      'each of the four numbers of an IPv4 address is 0 to 255',
    );
    expect(parseAddress('0x7f.1')).toBe('an IPv4 address is four decimal numbers, as in 192.0.2.1');
  });

  it('reads what it writes, and writes what ip-address writes', () => {
    fc.assert(
      fc.property(v4, (address) => {
        const text = formatAddress(address);
        expect(parseAddress(text)).toEqual(address);
        expect(text).toBe(Address4.fromBigInt(address.value).correctForm());
      }),
    );
    fc.assert(
      fc.property(v6, (address) => {
        const text = formatAddress(address);
        expect(parseAddress(text)).toEqual(address);
        expect(parseAddress(Address6.fromBigInt(address.value).canonicalForm())).toEqual(address);
        if (address.value >> 32n !== 0xffffn) {
          expect(text).toBe(Address6.fromBigInt(address.value).correctForm());
        }
      }),
    );
  });

  it('accepts no text that ip-address refuses', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789abf:.x/%')), maxLength: 24 }),
      v6.map((address) => formatAddress(address)),
    );
    fc.assert(
      fc.property(text, (one) => {
        const parsed = parseAddress(one);
        if (typeof parsed === 'string') return;
        expect(parsed.family === 4 ? Address4.isValid(one) : Address6.isValid(one)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('prefixes and ranges', () => {
  const prefix = fc
    .oneof(
      fc.tuple(v4, fc.integer({ min: 0, max: 32 })),
      fc.tuple(v6, fc.integer({ min: 0, max: 128 })),
    )
    .map(([address, length]): Prefix => ({ address, length }));

  it.each([
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/',
    '::/129',
    '10.0.0.0',
    '/8',
    '10/8',
  ])('refuses the prefix %s', (text) => {
    expect(typeof parsePrefix(text)).toBe('string');
  });

  it('knows first and last address as ip-address does', () => {
    fc.assert(
      fc.property(prefix, (one) => {
        const text = formatPrefix(one);
        expect(parsePrefix(text)).toEqual(one);
        const theirs = one.address.family === 4 ? new Address4(text) : new Address6(text);
        const { low, high } = rangeOf(one);
        expect(low).toBe(theirs.startAddress().bigInt());
        expect(high).toBe(theirs.endAddress().bigInt());
        expect(hasHostBits(one)).toBe(low !== one.address.value);
        expect(hasHostBits(networkOf(one))).toBe(false);
      }),
    );
  });

  it('overlaps both ways', () => {
    fc.assert(
      fc.property(prefix, prefix, (a, b) => {
        const [x, y] = [rangeOf(a), rangeOf(b)];
        const expected = x.family === y.family && x.low <= y.high && y.low <= x.high;
        expect(prefixesOverlap(a, b)).toBe(expected);
        expect(prefixesOverlap(b, a)).toBe(expected);
      }),
    );
  });

  it('reads ranges of one family in order', () => {
    expect(parseRange('10.0.0.1-10.0.0.9')).toEqual({
      family: 4,
      low: 0x0a000001n,
      high: 0x0a000009n,
    });
    expect(parseRange('10.0.0.9-10.0.0.1')).toBe('the range ends before it starts');
    expect(parseRange('10.0.0.9-::1')).toBe('a range has both ends in one family');
    expect(parseMember('::1 - ::2')).toEqual({ family: 6, low: 1n, high: 2n });
  });
});
