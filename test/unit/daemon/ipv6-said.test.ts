// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { advertised, lent, saidOf } from '../../../src/daemon/learning/ipv6-said.js';
import type { Held } from '../../../src/daemon/learning/held.js';

const NOW = 1_800_000_000_000;

const advertisement = (more: Record<string, string | number> = {}, at = 100) =>
  saidOf(
    Object.entries({
      protocol: 'ra',
      mac: '52:54:00:00:00:02',
      nd1_from: 'fe80::1',
      nd1_acquired: 100,
      nd1_now: at,
      nd1_lifetime: 1800,
      nd1_prefix_information1_prefix: '2001:db8:1::',
      nd1_prefix_information1_length: 64,
      nd1_prefix_information1_flags: 'LA',
      nd1_prefix_information1_vltime: 3600,
      nd1_prefix_information1_pltime: 1800,
      ...more,
    })
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );

const told = (held: readonly Held[] | undefined, now = NOW) =>
  held?.map(({ learnt, until, preferred }) => [
    ...learnt.addresses,
    ...learnt.routes.map(({ to, via }) => `${to} ${via ?? 'here'}`),
    ...learnt.prefixes,
    ...(learnt.mtu === null ? [] : [learnt.mtu]),
    (until - now) / 1000,
    (preferred - now) / 1000,
  ]);

const OWN = '2001:db8:1:0:5054:ff:fe00:2/64';
const LINK = '2001:db8:1::/64 here';

describe('what router advertisements say', () => {
  it('a router, its MTU, and an address in each prefix', () => {
    expect(told(advertised('wan', advertisement({ nd1_mtu: 1440 }, 110), [], NOW))).toEqual([
      ['::/0 fe80::1', 1440, 1790, 1790],
      [OWN, LINK, 3590, 1790],
    ]);
  });

  it('flags: no address without A, no link without L', () => {
    const flags = (text: string) =>
      told(advertised('wan', advertisement({ nd1_prefix_information1_flags: text }), [], NOW))?.[1];
    expect(flags('L')).toEqual([LINK, 3600, 1800]);
    expect(flags('A')).toEqual([OWN, 3600, 1800]);
    expect(flags('')).toEqual([3600, 1800]);
  });

  it('RFC 4862 5.5.3 e: a lifetime is not cut below two hours', () => {
    const with_ = (valid: number, before: readonly Held[], now: number) =>
      advertised(
        'wan',
        advertisement({
          nd1_prefix_information1_vltime: valid,
          nd1_prefix_information1_pltime: 0,
        }),
        before,
        now,
      ) ?? [];
    const first = with_(86400, [], NOW);
    const cut = with_(10, first, NOW);
    expect(told(cut)?.[1]).toEqual([OWN, LINK, 7200, 0]);
    expect(told(with_(10, cut, NOW + 1000), NOW + 1000)?.[1]).toEqual([OWN, LINK, 7199, 0]);
    expect(told(with_(9000, cut, NOW + 1000), NOW + 1000)?.[1]).toEqual([OWN, LINK, 9000, 0]);
    expect(told(with_(10, [], NOW))?.[1]).toEqual([OWN, LINK, 10, 0]);
  });

  it('a prefix that is told no more lives on, a router does not', () => {
    const before = advertised('wan', advertisement(), [], NOW);
    const other = advertisement({
      nd1_lifetime: 0,
      nd1_prefix_information1_prefix: '2001:db8:2::',
    });
    expect(told(advertised('wan', other, before ?? [], NOW + 1000), NOW + 1000)).toEqual([
      [OWN, LINK, 3599, 1799],
      ['2001:db8:2:0:5054:ff:fe00:2/64', '2001:db8:2::/64 here', 3600, 1800],
    ]);
  });

  it.each([
    [{ nd1_prefix_information1_prefix: 'fe80::' }],
    [{ nd1_prefix_information1_prefix: 'ff02::' }],
    [{ nd1_prefix_information1_prefix: '::' }],
    [{ nd1_prefix_information1_prefix: '$(reboot)' }],
    [{ nd1_prefix_information1_length: 129 }],
    [{ nd1_prefix_information1_vltime: 'soon' }],
    [{ nd1_prefix_information1_vltime: 5, nd1_prefix_information1_pltime: 6 }],
    [{ nd1_prefix_information1_vltime: 0, nd1_prefix_information1_pltime: 0 }],
  ])('nothing of %j', (odd) => {
    expect(told(advertised('wan', advertisement(odd), [], NOW))).toEqual([
      ['::/0 fe80::1', 1800, 1800],
    ]);
  });

  it('no address in prefixes of other lengths, or without a MAC address', () => {
    const odd = [{ nd1_prefix_information1_length: 56 }, { mac: '' }];
    for (const one of odd)
      expect(told(advertised('wan', advertisement(one), [], NOW))?.[1]).toHaveLength(3);
  });

  it('says nothing when the client ends', () => {
    expect(advertised('wan', advertisement({ if_down: 'true' }), [], NOW)).toBeUndefined();
    expect(advertised('wan', saidOf('protocol=dhcp6\n'), [], NOW)).toBeUndefined();
  });
});

describe('what a DHCPv6 server lends', () => {
  const lease = (reason: string, more = '') =>
    told(
      lent(
        'wan',
        saidOf(`protocol=dhcp6
reason=${reason}
new_dhcp6_ia_na1_ia_addr1=2001:db8:1::100
new_dhcp6_ia_na1_ia_addr1_pltime=60
new_dhcp6_ia_na1_ia_addr1_vltime=90
new_dhcp6_ia_pd1_prefix1=2001:db8:100::
new_dhcp6_ia_pd1_prefix1_length=56
new_dhcp6_ia_pd1_prefix1_pltime=60
new_dhcp6_ia_pd1_prefix1_vltime=91
${more}`),
        NOW,
      ),
    );

  it('addresses and prefixes with their times', () => {
    for (const reason of ['BOUND6', 'RENEW6', 'REBIND6', 'REBOOT6'])
      expect(lease(reason)).toEqual([
        ['2001:db8:1::100/128', 90, 60],
        ['2001:db8:100::/56', 91, 60],
      ]);
  });

  it('nothing of what has no sense', () => {
    const odd = `new_dhcp6_ia_na1_ia_addr1=300.1
new_dhcp6_ia_pd1_prefix1_length=200
`;
    expect(lease('BOUND6', odd)).toEqual([]);
  });

  it('runs out; the end of the client is no such end', () => {
    expect(lease('EXPIRE6')).toEqual([]);
    expect(lease('STOP6')).toBeUndefined();
    expect(lent('wan', saidOf('protocol=ra\nreason=BOUND6\n'), NOW)).toBeUndefined();
  });
});
