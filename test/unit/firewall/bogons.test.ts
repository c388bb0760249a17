// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { render } from '../../../src/diagnostics/render.js';
import { bogons } from '../../../src/firewall/bogons.js';
import { parseAddress } from '../../../src/net/address.js';
import { contains } from '../../../src/net/algebra.js';
import type { Address } from '../../../src/net/sets.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { BASE } from '../fixtures/codes.js';

const set = bogons();
const inside = (text: string): boolean => contains(set, parseAddress(text) as Address);

test.each([
  '0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 169.254.1.1',
  '172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.8 192.0.0.11 192.0.0.170 192.0.0.255 192.0.2.1',
  '192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.255 224.0.0.1 239.255.255.255',
  '240.0.0.0 255.255.255.255',
  ':: ::1 ::ffff:8.8.8.8 64:ff9b:1::1 64:ff9b:1:ffff:ffff:: 100:: 100::ffff:ffff:ffff:ffff 100:0:0:1::1',
  '2001:1:: 2001:1::4 2001:2::1 2001:4:111:ffff:: 2001:10::1 2001:1ff:ffff:: 2001:db8::1 3fff:: 3fff:fff:ffff::',
  '5f00::1 fc00:: fdff:ffff:: fe80::1 febf:ffff:: ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
])('%s are bogons', (list) => {
  expect(list.split(' ').filter((text) => !inside(text))).toEqual([]);
});

test.each([
  '1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 172.15.255.255',
  '172.32.0.0 192.0.0.9 192.0.0.10 192.0.1.0 192.0.3.0 192.31.196.1 192.52.193.1 192.88.99.1 192.175.48.1',
  '192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.101.0 223.255.255.255',
  '64:ff9b:: 64:ff9b::8.8.8.8 64:ff9b::ffff:ffff 100:0:0:2:: 2000::1 2001:0:1::1 2001:1::1 2001:1::2 2001:1::3',
  '2001:3::1 2001:4:112::1 2001:20::1 2001:2f:ffff:: 2001:30::1 2001:200:: 2001:db7:ffff:: 2001:db9::1',
  '2002::1 2600:: 2620:4f:8000::1 3ffe:: 3fff:1000:: fbff:ffff:: fec0::1',
])('%s are none', (list) => {
  expect(list.split(' ').filter(inside)).toEqual([]);
});

describe('the group bogons', () => {
  const load = (text: string) =>
    loadModel('x.yaml', textReader(new Map([['x.yaml', BASE + text]])));
  const rule = (source: string): string =>
    `policies: [{name: p, from: internet, to: inside, rules: [{name: r, action: deny, source: ${source}}]}]\n`;

  test('is there without being written, in rules and in other groups', () => {
    const { model, diagnostics } = load(rule('bogons'));
    expect(diagnostics).toEqual([]);
    expect(model!.policies[0]!.rules[0]!.source).toEqual(set);
    const less = load(rule('{include: [bogons], except: 10.0.0.0/8}')).model!;
    const left = less.policies[0]!.rules[0]!.source!;
    expect(contains(left, parseAddress('10.1.2.3') as Address)).toBe(false);
    expect(contains(left, parseAddress('192.168.1.1') as Address)).toBe(true);
  });

  test.each(['addresses', 'services'])('is not to be defined under %s', (kind) => {
    const member = kind === 'addresses' ? '10.0.0.1' : 'tcp/80';
    const { diagnostics } = load(`groups: {${kind}: {bogons: [${member}]}}\n`);
    expect(diagnostics.map((one) => render(one).split('\n')[0])).toEqual([
      `x.yaml:6:${kind === 'addresses' ? 22 : 21}: error name-reserved: 'bogons' has a meaning of its own and names no group`,
    ]);
  });
});
