// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { ranges } from '../../../src/net/algebra.js';
import { formatAddress } from '../../../src/net/address.js';
import { BASE } from '../fixtures/codes.js';
import { modelOf, shown } from '../fixtures/load.js';

const file = (rules: readonly string[], rest = '') =>
  `${BASE}policies:\n  - name: p\n    from: inside\n    to: internet\n    rules:\n${rules
    .map((rule, i) => `      - {name: r${i}, action: allow, ${rule}}\n`)
    .join('')}${rest}`;
const rulesOf = (rules: readonly string[], rest = '') =>
  modelOf(file(rules, rest)).policies[0]!.rules;

function text(rules: readonly string[], rest = ''): string[] {
  const source = rulesOf(rules, rest)[0]!.source!;
  return ([4, 6] as const).flatMap((family) =>
    ranges(source, family).map(({ low, high }) =>
      [low, high].map((value) => formatAddress({ family, value })).join('-'),
    ),
  );
}

describe('address sets', () => {
  const groups =
    'groups: {addresses: {lan: [10.0.0.0/8, "2001:db8::/32"], out: 10.1.0.0/16, both: [lan, 192.0.2.7], most: {include: both, except: [out, 10.0.0.5-10.0.0.9]}}}\n';

  it('nest, exclude and join', () => {
    expect(text(['source: {include: [most, 192.0.2.8], except: lan}'], groups)).toEqual([
      '192.0.2.7-192.0.2.8',
    ]);
    expect(text(['source: most'], groups)).toEqual([
      '10.0.0.0-10.0.0.4',
      '10.0.0.10-10.0.255.255',
      '10.2.0.0-10.255.255.255',
      '192.0.2.7-192.0.2.7',
      '2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
    ]);
    expect(rulesOf(['source: any'])[0]!.source).toBeNull();
  });

  it('are one object for the same text and for the same group', () => {
    const [a, b, c, d] = rulesOf(
      ['source: lan', 'source: [lan]', 'source: [lan, 1.1.1.1]', 'source: [lan, 1.1.1.1]'],
      groups,
    );
    expect(a!.source).toBe(b!.source);
    expect(c!.source).toBe(d!.source);
    expect(a!.source).not.toBe(c!.source);
  });

  it('report each member that is wrong, wherever it is used', () => {
    expect(
      shown(
        file(['source: 10.0.0.9-10.0.0.1', 'source: lna', 'destination: [lna, 1.1.1.1/8]'], groups),
      ),
    ).toEqual([
      "11:43 address-invalid: '10.0.0.9-10.0.0.1' is not an address: the range ends before it starts",
      "12:43 unknown-group: there is no address group 'lna' [did you mean 'lan'?]",
      "13:49 unknown-group: there is no address group 'lna' [did you mean 'lan'?]",
      "13:54 prefix-host-bits: '1.1.1.1/8' has bits set beyond its length and means all of 1.0.0.0/8 [write 1.0.0.0/8, or the address alone]",
    ]);
  });

  it('have names that read one way only', () => {
    expect(
      shown(
        'version: 1\nzones: {z: {}}\ngroups:\n  addresses: {any: [], 10.0.0.1: [], 1-2: [], z: [], udp: []}\n  services: {local: [], z: [], proto: []}\n',
      ),
    ).toEqual([
      "4:15 name-reserved: 'any' has a meaning of its own and names no group",
      "4:24 name-reserved: '10.0.0.1' reads as an address and names no group",
      "4:38 name-reserved: '1-2' reads as an address and names no group",
      "4:47 name-taken: 'z' is a zone and names no group",
      "4:54 name-reserved: 'udp' has a meaning of its own and names no group",
      "5:14 name-reserved: 'local' has a meaning of its own and names no group",
      "5:25 name-taken: 'z' is a zone and names no group",
      "5:32 name-reserved: 'proto' has a meaning of its own and names no group",
    ]);
  });
});

describe('services', () => {
  const groups = 'groups: {services: {web: [tcp/80, udp/443], all: [web, icmp, tcp/80]}}\n';

  it('join groups, each entry once', () => {
    expect(rulesOf(['service: [all, tcp/80, proto/47]'], groups)[0]!.service).toEqual({
      services: [
        { protocol: 6, source: [0, 65535], destination: [80, 80] },
        { protocol: 17, source: [0, 65535], destination: [443, 443] },
        { protocol: 1, source: [0, 65535], destination: [0, 65535] },
        { protocol: 47, source: [0, 65535], destination: [0, 65535] },
      ],
    });
  });

  it('take source ports where the protocol has ports', () => {
    expect(
      rulesOf(['service: [tcp/80, icmp/8], source-port: [53, 1024-65535]'])[0]!.service,
    ).toEqual({
      services: [
        { protocol: 6, source: [53, 53], destination: [80, 80] },
        { protocol: 6, source: [1024, 65535], destination: [80, 80] },
        { protocol: 1, source: [0, 65535], destination: [2048, 2303] },
      ],
    });
    expect(
      rulesOf(['source-port: 500'])[0]!.service!.services.map((one) => [one.protocol, one.source]),
    ).toEqual([
      [6, [500, 500]],
      [17, [500, 500]],
      [132, [500, 500]],
    ]);
  });

  it('report what they cannot be', () => {
    expect(
      shown(
        file(
          [
            'service: wbe',
            'service: http',
            'service: icmp/8, source-port: 1',
            'source-port: [70000]',
            'source-port: a',
          ],
          groups,
        ),
      ),
    ).toEqual([
      "11:44 unknown-group: there is no service group 'wbe' [did you mean 'web'?]",
      "12:44 unknown-group: there is no service group 'http'",
      '13:65 source-port-unported: no service of this rule has source ports [source ports are for tcp, udp and sctp]',
      "14:49 wrong-value: a port from 0 to 65535 is expected here, not '70000'",
      "15:48 service-invalid: 'a' is not a source port: a port is a number from 0 to 65535",
    ]);
  });
});

describe('rules', () => {
  it('have names of their own within their policy', () => {
    const text =
      file(['log: true']) +
      '  - {name: p, from: any, to: any, rules: [{name: x, action: deny}, {name: r0, action: deny}, {name: x, action: deny}]}\n';
    expect(shown(text)).toEqual([
      "12:12 name-duplicate: there is a policy 'p' already",
      "12:101 name-duplicate: there is a rule 'p/x' already",
    ]);
  });

  it('warn where no packet can match', () => {
    const rules = [
      'source: 10.0.0.1, service: icmpv6',
      'source: "::1", service: [icmp/8, icmp/0]',
      'source: "::1", service: [icmp, tcp/1]',
      'source: none',
      'service: nothing',
    ];
    expect(
      shown(file(rules, 'groups: {addresses: {none: []}, services: {nothing: []}}\n')),
    ).toEqual([
      "11:62 rule-never-matches: rule 'r0' never matches: icmpv6 does not occur in IPv4 [the protocol of IPv4 is icmp]",
      "12:59 rule-never-matches: rule 'r1' never matches: icmp does not occur in IPv6 [the protocol of IPv6 is icmpv6]",
      "14:43 set-empty: the source of rule 'r3' holds no address, so it never matches",
      "15:44 set-empty: rule 'r4' has no service, so it never matches",
    ]);
  });
});
