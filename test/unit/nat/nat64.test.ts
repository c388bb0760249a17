// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../../src/net/address.js';
import { ranges } from '../../../src/net/algebra.js';
import type { AddressSet } from '../../../src/net/sets.js';
import { BASE } from '../fixtures/codes.js';
import { modelOf, shown } from '../fixtures/load.js';

const file = (nat: string, rules = '') =>
  `${BASE}nat:\n${nat}${rules === '' ? '' : `policies: [{name: p, from: any, to: any, rules: [${rules}]}]\n`}`;
const six = (set: AddressSet | null) =>
  set === null
    ? 'any'
    : ranges(set, 6).map(({ low, high }) =>
        [low, high].map((value) => formatAddress({ family: 6, value })).join(' to '),
      );

describe('NAT64', () => {
  it('is the well-known prefix and the address of the egress interface unless it says otherwise', () => {
    const [rule] = modelOf(file('  nat64: [{name: a}]\n')).nat.rules;
    expect(rule).toMatchObject({ direction: 'destination', from: ['any'], source: null });
    expect(six(rule!.destination)).toEqual(['64:ff9b:: to 64:ff9b::ffff:ffff']);
    expect(rule!.translation).toMatchObject({
      kind: 'nat64',
      addresses: null,
      ports: { range: [1024, 65535], preserve: true, parity: false },
    });
  });

  it('answers ARP for its pool', () => {
    const { nat } = modelOf(
      file(
        '  pools: {p: {addresses: 198.51.100.5, ports: 2000-2999}}\n  nat64: [{name: a, translate-to: p}]\n',
      ),
    );
    expect(nat.proxied.map(({ interface: name }) => name)).toEqual(['wan']);
    expect(nat.rules[0]!.translation).toMatchObject({ ports: { range: [2000, 2999] } });
  });

  it('lets rules for destinations of IPv4 be for its clients too', () => {
    const rules =
      '{name: one, destination: 10.0.0.0/8, action: deny}, ' +
      '{name: not, destination: {include: ["0.0.0.0/0", "::/0"], except: [10.0.0.0/8]}, action: allow}, ' +
      '{name: six, destination: "64:ff9b::808:808", action: deny}, ' +
      '{name: any, action: allow}';
    const seen = (nat: string) =>
      modelOf(file(nat, rules)).policies[0]!.rules.map(({ destination }) => six(destination));
    expect(seen('  nat64: [{name: a}]\n')).toEqual([
      ['64:ff9b::a00:0 to 64:ff9b::aff:ffff'],
      [':: to 64:ff9b::9ff:ffff', '64:ff9b::b00:0 to ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
      ['64:ff9b::808:808 to 64:ff9b::808:808'],
      'any',
    ]);
    expect(seen('  nat64: [{name: a, enabled: false}]\n')[0]).toEqual([]);
  });

  it('says what does not fit, and where', () => {
    expect(
      shown(
        file(
          '  nat64:\n' +
            '    - {name: a, prefix: "2001:db8::/95"}\n' +
            '    - {name: b, prefix: "2001:db8:0:0:0100::/96"}\n' +
            '    - {name: c, prefix: 10.0.0.0/8}\n' +
            '    - {name: d, translate-to: none}\n' +
            '    - {name: e, translate-to: "2001:db8::1"}\n' +
            '    - {name: f, source: 10.0.0.0/8}\n' +
            '    - {name: f, from: nowhere}\n',
        ),
      ),
    ).toEqual([
      '8:25 nat-form: IPv4 lies behind 32, 40, 48, 56, 64 or 96 bits of IPv6, and bits 64 to 71 are zero',
      '9:25 nat-form: IPv4 lies behind 32, 40, 48, 56, 64 or 96 bits of IPv6, and bits 64 to 71 are zero',
      '10:25 nat-form: IPv4 lies behind 32, 40, 48, 56, 64 or 96 bits of IPv6, and bits 64 to 71 are zero',
      '11:31 nat-form: the source to a server of IPv4 is an address of IPv4',
      '12:31 nat-form: the source to a server of IPv4 is an address of IPv4',
      '13:25 nat-form: clients of NAT64 have addresses of IPv6',
      "14:14 name-duplicate: there is a NAT rule 'f' already",
      "14:23 unknown-zone: there is no zone 'nowhere'",
    ]);
  });
});
