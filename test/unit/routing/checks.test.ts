// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { BASE } from '../fixtures/codes.js';
import { modelOf, shown } from '../fixtures/load.js';

const file = (...routes: string[]) =>
  `${BASE}routing:\n  static:\n${routes.map((route) => `    - {${route}}\n`).join('')}`;

describe('static routes', () => {
  it('find their interface by the gateway', () => {
    const routes = modelOf(
      file('to: 0.0.0.0/0, via: 198.51.100.1', 'to: "::/0", via: "2001:db8:a::9"'),
    ).routes;
    expect(routes.map((route) => route.interface)).toEqual(['wan', 'inside']);
  });

  it('need a way of their own family to a neighbour', () => {
    const text = file(
      'to: 10.9.0.0/16',
      'to: 10.9.0.0/16, via: "2001:db8:a::9"',
      'to: 10.9.0.0/16, via: 192.0.2.1',
      'to: 10.9.0.0/16, via: 198.51.100.2',
      'to: 10.9.0.0/16, via: 10.1.0.300',
      'to: 10.9.0.0/33, interface: wan',
      'to: 10.9.0.1/16, interface: wan',
      'to: 10.9.0.0/16, via: 192.0.2.1, interface: wna',
      'to: "::/0", via: "fe80::1"',
    );
    expect(shown(text)).toEqual([
      "8:7 route-form: a static route needs 'via', 'interface' or both",
      '9:30 route-form: the gateway of an IPv4 route is an IPv4 address',
      "10:30 route-gateway: the gateway 192.0.2.1 is on no connected subnet [name the way out with 'interface' if that is meant]",
      "11:30 route-gateway: the gateway 198.51.100.2 is our own address on 'wan'",
      "12:30 address-invalid: '10.1.0.300' is not a gateway address: each of the four numbers of an IPv4 address is 0 to 255",
      "13:12 address-invalid: '10.9.0.0/33' is not a prefix: the prefix length of an IPv4 address is 0 to 32",
      "14:12 prefix-host-bits: '10.9.0.1/16' has bits set beyond its length and means all of 10.9.0.0/16 [write 10.9.0.0/16]",
      "15:52 unknown-interface: there is no interface 'wna' [did you mean 'wan'?]",
      "16:25 route-gateway: the gateway fe80::1 is on no connected subnet [name the way out with 'interface' if that is meant]",
    ]);
  });

  it('differ in prefix or distance', () => {
    const text = file(
      'to: 10.9.0.0/16, interface: wan',
      'to: 10.9.0.0/16, interface: wan, distance: 2',
      'to: 10.9.0.0/16, via: 198.51.100.9, distance: 2',
    );
    expect(shown(text)).toEqual([
      "10:12 route-duplicate: there is a route to 10.9.0.0/16 of distance 2 already [a second way has another 'distance']",
    ]);
  });
});
