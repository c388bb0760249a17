// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { buildPacket } from '../../../src/datapath/packet.js';
import { formatAddress, parseAddress } from '../../../src/net/address.js';
import { readAddress } from '../../../src/tables/address.js';
import { Wire } from './wire.js';

const RULES = `version: 1
interfaces:
  inside: { zone: inside, addresses: ['fd01:203:405:ff::1/64'] }
  wan: { zone: internet, addresses: ['2001:db8:ff::1/64'] }
zones: { inside: {}, internet: {} }
routing:
  static:
    - { to: '::/0', via: '2001:db8:ff::2' }
    - { to: 'fd00::/8', via: 'fd01:203:405:ff::2' }
policies: [{ name: all, from: any, to: any, rules: [{ name: all, action: allow }] }]
nat:
  nptv6:
    - { name: site, zone: internet, inside: 'fd01:203:405::/48', outside: '2001:db8:1::/48' }
    - { name: net, zone: internet, inside: 'fd02:3:4:7::/64', outside: '2001:db8:2:9::/64' }
`;

function address(text: string) {
  const one = parseAddress(text);
  if (typeof one === 'string') throw new Error(one);
  return one;
}

const udp = (source: string, destination: string) =>
  buildPacket({
    protocol: 17,
    source: address(source),
    destination: address(destination),
    sourcePort: 4000,
    destinationPort: 53,
    icmpType: 0,
    icmpCode: 0,
    tcpFlags: null,
  });

const at = (ip: Buffer, offset: number) =>
  formatAddress(readAddress(ip.subarray(offset, offset + 16), 6));

describe.skipIf(!existsSync(datapathBinary()))('NPTv6', () => {
  let datapath: OfflineDatapath;
  let wire: Wire;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
    wire = await Wire.up(datapath, RULES);
  });
  afterAll(() => datapath.close());

  test.each([
    // RFC 6296 3.3 and its figures: the subnet's word takes up the difference.
    ['fd01:203:405:1::1234', '2001:db8:1:d550::1234'],
    ['fd01:203:405:2::1234', '2001:db8:1:d551::1234'],
    // Where the prefix is longer, the first word behind the subnet that is not all ones.
    ['fd02:3:4:7:1::5', '2001:db8:2:9:cf4d::5'],
    ['fd02:3:4:7:ffff:1:2:5', '2001:db8:2:9:ffff:cf4d:2:5'],
  ])('%s is %s outside, and no checksum changes', async (inside, outside) => {
    const packet = udp(inside, '2001:db8:77::1');
    const { out, reason } = await wire.send('inside', packet);
    expect([reason, out[0]?.iface]).toEqual([null, 'wan']);
    expect(at(out[0]!.ip, 8)).toBe(outside);
    expect(out[0]!.ip.readUInt16BE(46)).toBe(Buffer.from(packet).readUInt16BE(46));
    // A flow from outside to it, of its own.
    const back = await wire.send('wan', udp('2001:db8:78::1', outside));
    expect([back.reason, back.out[0]?.iface]).toEqual([null, 'inside']);
    expect(at(back.out[0]!.ip, 24)).toBe(inside);
  });

  test.each([['fd01:203:405:ffff::1234'], ['fd02:3:4:7::'], ['fd02:3:4:7:ffff:ffff:ffff:ffff']])(
    '%s has no address outside',
    async (inside) => {
      const { reason } = await wire.send('inside', udp(inside, '2001:db8:77::1'));
      expect(reason).toBe('nat-unmapped');
    },
  );
});
