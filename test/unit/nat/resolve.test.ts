// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { noSlots } from '../../../src/compiler/slots.js';
import { formatAddress } from '../../../src/net/address.js';
import { ranges } from '../../../src/net/algebra.js';
import type { AddressSet } from '../../../src/net/sets.js';
import { decodeImage } from '../../../src/tables/decode.js';
import { CONSTANTS as C } from '../../../src/tables/layout.js';
import { BASE } from '../fixtures/codes.js';
import { modelOf, shown } from '../fixtures/load.js';

const file = (nat: string) => `${BASE}nat:\n${nat}`;
const text = (set: AddressSet | null) =>
  set === null
    ? 'any'
    : ([4, 6] as const)
        .flatMap((family) =>
          ranges(set, family).map(({ low, high }) =>
            [low, high].map((value) => formatAddress({ family, value })).join('-'),
          ),
        )
        .join(' ');

describe('NAT', () => {
  it('is for IPv4 alone where a rule names no source', () => {
    const [rule] = modelOf(
      file('  source: [{name: a, from: inside, to: internet, translate-to: interface}]\n'),
    ).nat.rules;
    expect(text(rule!.source)).toBe('0.0.0.0-255.255.255.255');
    expect(rule!.translation).toEqual({
      kind: 'interface',
      ports: { range: [1024, 65535], preserve: true, parity: false, blocks: null },
    });
  });

  it('takes the family of its pool', () => {
    const { rules, pools } = modelOf(
      file(
        '  pools: {p: {addresses: [198.51.100.5, 198.51.100.6], ports: 2000-2999}}\n' +
          '  source: [{name: a, from: any, to: internet, source: ["10.1.0.0/24", "2001:db8:a::/64"], translate-to: p, ports: any, parity: true}]\n',
      ),
    ).nat;
    expect(text(rules[0]!.source)).toBe('10.1.0.0-10.1.0.255');
    expect(rules[0]!.translation).toMatchObject({
      kind: 'pool',
      pool: 'p',
      family: 4,
      ports: { range: [2000, 2999], preserve: false, parity: true },
    });
    expect(pools.map(({ name, addresses }) => [name, text(addresses)])).toEqual([
      ['p', '198.51.100.5-198.51.100.6'],
    ]);
  });

  it('lends ports in blocks where a pool says so', () => {
    const { rules } = modelOf(
      file(
        '  pools: {p: {addresses: 198.51.100.5, ports: 2000-2999, block-size: 64, blocks-per-client: 2}, q: {addresses: 198.51.100.6, block-size: 512}}\n' +
          '  source: [{name: a, from: any, to: internet, source: 10.1.0.0/24, translate-to: p}, {name: b, from: any, to: internet, translate-to: q}]\n',
      ),
    ).nat;
    expect(rules.map(({ translation }) => translation)).toMatchObject([
      { ports: { blocks: { size: 64, most: 2 } } },
      { ports: { blocks: { size: 512, most: 8 } } },
    ]);
    expect(
      shown(
        file(
          '  pools:\n' +
            '    p: {addresses: 198.51.100.5, ports: 2000-2010, block-size: 64}\n' +
            '    q: {addresses: "2001:db8::1", block-size: 64}\n',
        ),
      ),
    ).toEqual([
      '8:64 nat-form: the pool has 11 ports an address, less than one block',
      '9:47 nat-form: blocks are of ports of IPv4; IPv6 needs none',
    ]);
  });

  it('answers for what it lends on the subnets of interfaces, never for their own', () => {
    const { proxied } = modelOf(
      file(
        '  source: [{name: a, from: inside, to: internet, translate-to: 198.51.100.1-198.51.100.20}]\n' +
          '  static: [{name: s, zone: internet, inside: 10.1.0.9, outside: 203.0.113.9}]\n' +
          '  forwards: [{name: f, at: wan, service: tcp/25, translate-to: 10.1.0.25}]\n',
      ),
    ).nat;
    expect(proxied.map(({ interface: name, addresses }) => [name, text(addresses)])).toEqual([
      ['wan', '198.51.100.1-198.51.100.1 198.51.100.3-198.51.100.14'],
    ]);
  });

  it('lies in the image as rules of their own parts', () => {
    const model = modelOf(
      `${file(
        '  source: [{name: a, from: inside, to: internet, translate-to: interface}, {name: off, from: any, to: any, translate-to: none, enabled: false}]\n' +
          '  forwards: [{name: f, at: wan, service: tcp/8000-8009, translate-to: 10.1.0.80, port: 80-89, hairpin: false}]\n',
      )}policies: [{name: p, from: any, to: any, rules: [{name: r, action: allow}, {name: m, destination: {forward: f}, action: deny}]}]\n`,
    );
    const done = compileModel(model, { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error(done.diagnostics[0]?.message);
    const image = decodeImage(done.image);
    const rules = image.records('rules');
    expect(rules.map(({ action }) => action)).toEqual([
      C.ACTION_ALLOW,
      C.ACTION_DENY,
      C.ACTION_TRANSLATE,
      C.ACTION_TRANSLATE,
    ]);
    const [out, back] = image.records('translations');
    expect(out).toMatchObject({ kind: C.NAT_INTERFACE, port_lo: 1024, flags: C.NAT_PRESERVE });
    expect(back).toMatchObject({
      kind: C.NAT_PREFIX,
      family: 4,
      length: 32,
      port_lo: 80,
      port_hi: 89,
      match_lo: 8000,
      flags: 0,
    });
    expect([...back!.address.subarray(0, 4)]).toEqual([10, 1, 0, 80]);
    const [extra] = image.records('rule_extras');
    expect(extra!.translation).toBe(rules[3]!.slot);
    expect(rules[1]!.flags & C.RULE_CONDITION).toBe(C.RULE_CONDITION);
    const pairs = image.records('pairs').filter((pair) => pair.nat_parts > 0);
    expect(pairs).toHaveLength(1);
    expect(image.records('arrivals')).toHaveLength(2);
  });

  it('says what does not fit, and where', () => {
    expect(
      shown(
        file(
          '  pools: {mixed: {addresses: [198.51.100.5, "2001:db8::1"]}, none: {addresses: []}}\n' +
            '  source:\n' +
            '    - {name: a, from: insde, to: internet, translate-to: interface}\n' +
            '    - {name: a, from: inside, to: internet, translate-to: mixed}\n' +
            '    - {name: b, from: inside, to: internet, source: 2001:db8::/64, translate-to: 198.51.100.5}\n' +
            '    - {name: c, from: inside, to: internet, translate-to: nobody}\n' +
            '  forwards:\n' +
            '    - {name: d, at: wna, translate-to: 10.1.0.1}\n' +
            '    - {name: e, at: wan, translate-to: 2001:db8::1}\n' +
            '    - {name: f, at: wan, translate-to: 10.1.0.1, port: 80}\n' +
            '    - {name: g, at: wan, service: tcp/80-89, translate-to: 10.1.0.1, port: 80-90}\n' +
            '    - {name: h, at: 198.51.100.300, translate-to: 10.1.0.1}\n',
        ),
      ),
    ).toEqual([
      '7:30 nat-form: addresses of one family are needed',
      '7:80 wrong-value: the list is empty',
      "9:23 unknown-zone: there is no zone 'insde' [did you mean 'inside'?]",
      "10:14 name-duplicate: there is a NAT rule 'a' already",
      "11:82 nat-form: the rule's sources are not IPv4, as what they become is",
      "12:59 unknown-group: there is no address group 'nobody'",
      "14:21 unknown-interface: there is no interface 'wna', and it is no address: it is neither an IPv4 nor an IPv6 address [did you mean 'wan'?]",
      "15:21 nat-form: interface 'wan' has no IPv6 address",
      "16:56 nat-form: a new port needs a 'service' with ports",
      '17:76 nat-form: a range of new ports is as long as the one range of the service',
      "18:21 unknown-interface: there is no interface '198.51.100.300', and it is no address: each of the four numbers of an IPv4 address is 0 to 255",
    ]);
  });

  it('knows the zones and names of NPTv6', () => {
    expect(
      shown(
        file(
          '  static: [{name: a, zone: internet, inside: 10.1.0.9, outside: 198.51.100.9}]\n' +
            '  nptv6: [{name: a, zone: nowhere, inside: "fd00::/48", outside: "2001:db8::/48"}]\n',
        ),
      ),
    ).toEqual([
      "8:18 name-duplicate: there is a NAT rule 'a' already",
      "8:27 unknown-zone: there is no zone 'nowhere'",
    ]);
  });

  it('takes NPTv6 for IPv6 prefixes of a subnet or more', () => {
    expect(
      shown(
        file(
          '  nptv6:\n' +
            '    - {name: a, zone: internet, inside: 10.1.0.0/24, outside: 198.51.100.0/24}\n' +
            '    - {name: b, zone: internet, inside: "fd00::/72", outside: "2001:db8::/72"}\n',
        ),
      ),
    ).toEqual([
      '8:41 nat-form: NPTv6 is for IPv6 prefixes of at most 64 bits',
      '9:41 nat-form: NPTv6 is for IPv6 prefixes of at most 64 bits',
    ]);
  });
});
