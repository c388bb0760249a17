// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { parsePacket } from '../../../src/firewall/packet.js';
import { BASE } from '../fixtures/codes.js';
import { shown } from '../fixtures/load.js';

const one = (line: string) =>
  shown(
    `${BASE}policies:\n  - {name: p, from: any, to: any, rules: [{name: r, action: allow}]}\nassert:\n  - ${line}\n`,
  );

describe('assertions', () => {
  it.each([
    'inside tcp 10.1.0.2:1 192.0.2.1:80 => allow p/r out wan',
    'wan udp [2001:db8::1]:53 [2001:db8:a::2]:53 => deny',
    'wan icmp/echo-request 192.0.2.1 10.1.0.1 => deny out local',
    '"inside tcp 10.1.0.2 192.0.2.1:80 syn,ack => allow p/r"',
  ])('take %s', (line) => {
    expect(one(line)).toEqual([]);
  });

  it.each([
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80',
      "9:5 assert-syntax: an assertion has '=>' between packet and outcome",
    ],
    [
      'insid tcp 10.1.0.2:1 192.0.2.1:80 => deny',
      "9:5 unknown-interface: there is no interface 'insid' [did you mean 'inside'?]",
    ],
    [
      'inside tpc 10.1.0.2:1 192.0.2.1:80 => deny',
      '9:12 assert-syntax: the protocol is tcp, udp, sctp, icmp, icmpv6 or proto/NUMBER',
    ],
    [
      'inside tcp/80 10.1.0.2 192.0.2.1 => deny',
      '9:12 assert-syntax: the ports of a packet follow its addresses, as in 192.0.2.1:80',
    ],
    [
      'inside icmp 10.1.0.2 192.0.2.1 => deny',
      '9:12 assert-syntax: a packet of icmp has a type, as in icmp/echo-request',
    ],
    [
      'inside tcp 10.1.0.2:1 => deny',
      '9:5 assert-syntax: a packet is written IFACE PROTO SRC[:PORT] DST[:PORT] [flags] [dscp N] [mac MAC]',
    ],
    [
      'inside tcp 10.1.0.2:1 "::1" => deny',
      '9:27 assert-syntax: an IPv6 address stands in brackets, as in [2001:db8::1]:80',
    ],
    [
      'inside tcp 10.1.0.2:1 [::1]:5 => deny',
      '9:27 assert-syntax: source and destination are of different address families',
    ],
    [
      'inside tcp 10.1.0.2:66000 192.0.2.1:80 => deny',
      '9:16 assert-syntax: a port is a number from 0 to 65535',
    ],
    ['inside udp 10.1.0.2:1 192.0.2.1:80 syn => deny', '9:40 assert-syntax: only tcp has flags'],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 dscp 64 => deny',
      '9:45 assert-syntax: dscp is a name as ef and af31, or a number from 0 to 63',
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 syn mac => deny',
      '9:44 assert-syntax: a MAC address is written as in 52:54:00:12:34:56',
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 dscp 1 dscp 1 => deny',
      '9:47 assert-syntax: dscp is there twice',
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 dscp 1 syn => deny',
      '9:47 assert-syntax: only dscp and mac follow the flags of a packet',
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 =>',
      "9:40 assert-syntax: allow, deny or reject follows '=>', not nothing",
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 => allow p/s',
      "9:49 unknown-rule: there is no rule 'p/s' [did you mean 'p/r'?]",
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 => allow out',
      "9:49 assert-syntax: the name of an interface follows 'out'",
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 => allow wan',
      "9:49 assert-syntax: 'wan' is no outcome: POLICY/RULE, 'source ADDR', 'destination ADDR', 'backend NAME' or 'out IFACE' can follow",
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 => allow p/r source 1.1.1',
      "9:60 assert-syntax: '1.1.1' is not an address: an IPv4 address is four decimal numbers, as in 192.0.2.1",
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 => allow p/r backend web1',
      "9:61 unknown-balancer: there is no backend 'web1'",
    ],
    [
      'inside tcp 10.1.0.2:1 192.0.2.1:80 => allow p/r sa hq',
      "9:53 not-built: 'sa' belongs to VPN, which is not built yet",
    ],
    [
      '"inside tcp 10.1.0.2:1 192.0.2.1:80 => allow out wna"',
      "9:54 unknown-interface: there is no interface 'wna' [did you mean 'wan'?]",
    ],
  ])('refuse %s', (line, wanted) => {
    expect(one(line)).toEqual([wanted]);
  });

  it('keep quiet about names after other errors', () => {
    expect(
      shown('version: 1\ncluster: {}\nassert: [inside tcp 1.1.1.1 2.2.2.2 => allow p/r]\n'),
    ).toEqual(["2:1 not-built: 'cluster' belongs to high availability, which is not built yet"]);
  });
});

describe('parsePacket', () => {
  it('reads every part', () => {
    expect(parsePacket('in0  tcp [::ffff:1.2.3.4]:65535 [::1]:0 SYN,ack')).toEqual({
      interface: 'in0',
      protocol: 6,
      source: { family: 6, value: 0xffff01020304n },
      destination: { family: 6, value: 1n },
      sourcePort: 65535,
      destinationPort: 0,
      icmpType: 0,
      icmpCode: 0,
      tcpFlags: 18,
      dscp: 0,
      mac: null,
    });
    expect(parsePacket('x udp 10.0.0.1 10.0.0.2 mac 52:54:00:12:34:aB dscp ef')).toMatchObject({
      tcpFlags: null,
      dscp: 46,
      mac: 0x5254_0012_34ab,
    });
    expect(parsePacket('x icmpv6/1/4 ::1 [::2]')).toMatchObject({
      protocol: 58,
      icmpType: 1,
      icmpCode: 4,
    });
  });
});
