// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { describe as packetText } from '../../../src/cli/packet-text.js';
import { parseClassbenchTrace, parsePacketList } from '../../../src/cli/packets.js';
import { merge, type Input } from '../../../src/cli/replay-inputs.js';
import { iface, model } from '../../reference/models.js';

const MODEL = model({
  interfaces: [iface('mgmt', null), iface('inside', 'inside'), iface('outside', 'outside')],
});

test('a packet list in all its forms comes back as it was written', () => {
  const lines = [
    'inside tcp 10.1.2.3:40000 203.0.113.80:443',
    'inside tcp 10.1.2.3:40000 203.0.113.80:443 syn,ack',
    'outside udp [2001:db8::1]:53 [2001:db8::2]:4000',
    'inside icmp/8 10.1.2.3 203.0.113.80',
    'inside icmp/3/4 10.1.2.3 203.0.113.80',
    'outside icmpv6/128 2001:db8::1 2001:db8::2',
    'inside proto/47 10.1.2.3 203.0.113.80',
    'inside sctp 10.1.2.3:0 203.0.113.80:65535',
  ];
  const text = `# all\n${lines.join(' # why\r\n')}\n\n   # end`;
  const { packets, errors } = parsePacketList(text, 'list', MODEL);
  expect(errors).toEqual([]);
  expect(packets.map((one) => `${one.iface.name} ${packetText(one.parts)}`)).toEqual(lines);
});

test('errors of a packet list name their place', () => {
  const text = [
    'inside tcp 10.1.2.3:1 10.0.0.1:1',
    '  insid tcp 10.1.2.3:1 10.0.0.1:1',
    'mgmt tcp 10.1.2.3:1 10.0.0.1:1',
    'inside tcp 10.1.2.3:1 10.0.0.256:1',
    'inside frob 10.1.2.3 10.0.0.1',
    'inside udp 10.1.2.3:1 10.0.0.1:1 syn',
    'inside tcp 10.1.2.3:1',
  ].join('\n');
  expect(parsePacketList(text, 'list', MODEL).errors).toEqual([
    "list:2:3: error: no interface 'insid', did you mean 'inside'?",
    'list:3:1: error: mgmt is a management interface, its packets go to the kernel unseen',
    "list:4:23: error: '10.0.0.256' is not an address: each of the four numbers of an IPv4 address is 0 to 255",
    'list:5:8: error: the protocol is tcp, udp, sctp, icmp, icmpv6 or proto/NUMBER',
    'list:6:34: error: only tcp has flags',
    'list:7:1: error: a packet is written IFACE PROTO SRC[:PORT] DST[:PORT] [flags] [dscp N] [mac MAC]',
  ]);
});

test('a ClassBench trace enters on the first interface of a zone', () => {
  const text = '167837955\t3405803856\t40000\t443\t6\t512\t7\n1 2 9 9 1 0 0\n\n3 4 9 9 47';
  const { packets, errors } = parseClassbenchTrace(text, 'trace', MODEL);
  expect(errors).toEqual([]);
  expect(packets.map((one) => `${one.iface.name} ${packetText(one.parts)}`)).toEqual([
    'inside tcp 10.1.1.3:40000 203.0.113.80:443',
    'inside icmp/8 0.0.0.1 0.0.0.2',
    'inside proto/47 0.0.0.3 0.0.0.4',
  ]);
});

test('errors of a ClassBench trace', () => {
  expect(
    parseClassbenchTrace('1 2 3 4\n1 2 70000 4 6\n-1 2 3 4 6\nx', 'trace', MODEL).errors,
  ).toEqual([
    'trace:1:1: error: protocol is not a decimal number in its range',
    'trace:2:1: error: source port is not a decimal number in its range',
    'trace:3:1: error: source is not a decimal number in its range',
    'trace:4:1: error: source is not a decimal number in its range',
  ]);
  expect(parseClassbenchTrace('', 'trace', model({ interfaces: [] })).errors).toEqual([
    'trace:1:1: error: the rule file has no interface in a zone',
  ]);
});

test('inputs are merged by time, each in its order, and time never goes back', () => {
  const input = (name: string, ...times: bigint[]): Input => ({
    name,
    slot: name.charCodeAt(0),
    vlan: 0,
    packets: times.map((time) => ({ time, link: 1, bytes: new Uint8Array(0) })),
  });
  const merged = [...merge([input('a', 1n, 5n, 3n, 9n), input('b', 4n, 4n, 6n), input('c')])];
  expect(merged.map(({ name, time }) => `${name}${time}`)).toEqual([
    'a1',
    'b4',
    'b4',
    'a5',
    'a5',
    'b6',
    'a9',
  ]);
});
