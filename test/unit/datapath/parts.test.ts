// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flowsOf } from '../../../src/cli/capture-flows.js';
import { etherFrame } from '../../../src/datapath/frame.js';
import { buildPacket } from '../../../src/datapath/packet.js';
import { partsOf } from '../../../src/datapath/parts.js';
import { parsePacket } from '../../../src/firewall/packet.js';

function frame(line: string, vlan = 0): Uint8Array {
  const packet = parsePacket(`- ${line}`);
  if ('problem' in packet) throw new Error(packet.problem);
  return etherFrame(buildPacket(packet), packet.source.family, vlan);
}

const LINES = [
  'tcp 10.1.2.3:40000 203.0.113.80:443 syn',
  'tcp [2001:db8::1]:40000 [2001:db8::2]:443 ack',
  'udp 10.1.2.3:53 10.1.2.4:53',
  'icmp/8/0 10.1.2.3 10.1.2.4',
  'icmpv6/128/0 2001:db8::1 2001:db8::2',
  'proto/47 10.1.2.3 10.1.2.4',
];

test.each(LINES)('a frame is read to what it was built from: %s', (line) => {
  const {
    interface: name,
    mac,
    ...parts
  } = parsePacket(`- ${line}`) as never as {
    interface: string;
    mac: null;
    dscp?: number;
  };
  expect([name, mac]).toEqual(['-', null]);
  delete parts.dscp;
  expect(partsOf(frame(line))).toEqual(parts);
  expect(partsOf(frame(line, 20))).toEqual(parts);
});

test('no bytes make it throw, and none are made up beyond the end', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc
      .tuple(fc.constantFrom(...LINES), fc.nat(120), fc.nat(120), fc.nat(255))
      .map(([line, cut, at, value]) => {
        const whole = Uint8Array.from(frame(line));
        if (at < whole.length) whole[at] = value;
        return whole.subarray(0, cut);
      }),
  );
  fc.assert(
    fc.property(bytes, (one) => {
      const parts = partsOf(one);
      expect(parts === null || one.length >= 34).toBe(true);
    }),
  );
});

test('conversations are one flow, begun by the client, whatever port it has', () => {
  const lines = [
    'tcp 203.0.113.80:443 10.1.2.3:40000 syn,ack',
    'tcp 10.1.2.3:40000 203.0.113.80:443 syn',
    'tcp 10.1.2.3:40001 203.0.113.80:443 syn',
    'udp 10.1.2.3:1000 10.1.2.4:53',
    'udp 10.1.2.4:53 10.1.2.3:1000',
    'icmp/3/1 10.1.2.4 10.1.2.3',
  ];
  const packets = lines.map((line) => ({ time: 0n, link: 1, bytes: frame(line) }));
  expect(flowsOf({ packets, cut: null }, 'inside')).toEqual([
    { packet: 'inside tcp 10.1.2.3:40000 203.0.113.80:443', count: 2 },
    { packet: 'inside udp 10.1.2.3:1000 10.1.2.4:53', count: 1 },
  ]);
});
