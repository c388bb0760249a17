// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { leaseOf } from '../../../src/daemon/learning/lease.js';

const learnt = (line: string) => {
  const lease = leaseOf('wan', line);
  return lease === null || lease === undefined
    ? lease
    : [lease.learnt.addresses, lease.learnt.routes, lease.seconds];
};

describe('what a DHCP client says', () => {
  it('a lease, with its router', () => {
    expect(learnt('sluice|bound|198.51.100.5|28|198.51.100.1||120')).toEqual([
      ['198.51.100.5/28'],
      [{ to: '0.0.0.0/0', via: '198.51.100.1' }],
      120,
    ]);
  });

  it('RFC 3442: classless routes go before the router; 0.0.0.0 is the link', () => {
    const routes = '10.0.0.0/8 198.51.100.3 198.51.100.1/32 0.0.0.0 0.0.0.0/0 198.51.100.1';
    expect(learnt(`sluice|renew|198.51.100.5|32|198.51.100.9|${routes}|4294967295`)).toEqual([
      ['198.51.100.5/32'],
      [
        { to: '10.0.0.0/8', via: '198.51.100.3' },
        { to: '198.51.100.1/32', via: null },
        { to: '0.0.0.0/0', via: '198.51.100.1' },
      ],
      4294967295,
    ]);
  });

  it.each([
    ['sluice|bound|198.51.100.5|28|||', [['198.51.100.5/28'], [], 3600]],
    ['sluice|bound|198.51.100.5|||| soon', [['198.51.100.5/32'], [], 3600]],
    ['sluice|bound|198.51.100.5|28|$(reboot)||60', [['198.51.100.5/28'], [], 60]],
    [
      'sluice|bound|198.51.100.5|28||300.0.0.0/8 1.2.3.4 10/8 1.2.3.4 odd|60',
      [['198.51.100.5/28'], [], 60],
    ],
    ['sluice|bound|198.51.100.5|33|||60', undefined],
    ['sluice|bound|fe80::1|64|||60', undefined],
    ['sluice|bound|||||', undefined],
    ['sluice|deconfig|||||', null],
    ['sluice|nak|||||', undefined],
    ['sluice|leasefail|||||', undefined],
    ['udhcpc: started', undefined],
    ['', undefined],
  ])('%s', (line, expected) => {
    expect(learnt(line)).toEqual(expected);
  });
});
