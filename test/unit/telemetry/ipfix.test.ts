// SPDX-License-Identifier: BSD-3-Clause
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ipfixRecords } from '../../../src/daemon/ipfix.js';
import type { LogShown } from '../../../src/daemon/api/types.js';
import { IpfixEncoder } from '../../../src/telemetry/ipfix/message.js';
import { IpfixTcpSender } from '../../../src/telemetry/ipfix/tcp-sender.js';
import { until } from '../../../src/lab/until.js';
import { IpfixDecoder, type Message } from '../../reference/ipfix.js';

const AT = '2026-11-30T10:00:02.500Z';
const NOW = Date.parse(AT);
const session: LogShown = {
  event: 'session-end',
  at: AT,
  protocol: 'tcp',
  source: '10.1.0.9',
  source_port: 40_000,
  destination: '203.0.113.80',
  destination_port: 443,
  in: 'inside',
  out: 'wan',
  from: 'inside',
  to: 'internet',
  rule: 'p/r',
  file: null,
  line: null,
  reason: 'finished',
  packets_forward: 7,
  packets_reply: 5,
  bytes_forward: 2 ** 40,
  bytes_reply: 900,
  duration_ms: 1500,
};
const nat = {
  source: '198.51.100.2',
  source_port: 2000,
  destination: '203.0.113.80',
  destination_port: 443,
};

function through(...records: readonly LogShown[]) {
  const decoder = new IpfixDecoder();
  const encoder = new IpfixEncoder(7, 300_000);
  return encoder.encode(records.flatMap(ipfixRecords), NOW).map((one) => decoder.decode(one));
}

test('a session is a flow of both ways, and its NAT an event', () => {
  const [message, ...more] = through({ ...session, nat });
  expect(more).toEqual([]);
  expect(message).toMatchObject({ domain: 7, sequence: 0, exportTime: Math.floor(NOW / 1000) });
  const both = {
    sourceIPv4Address: '10.1.0.9',
    destinationIPv4Address: '203.0.113.80',
    sourceTransportPort: 40_000,
    destinationTransportPort: 443,
    protocolIdentifier: 6,
    postNATSourceIPv4Address: '198.51.100.2',
    postNATDestinationIPv4Address: '203.0.113.80',
    postNAPTSourceTransportPort: 2000,
    postNAPTDestinationTransportPort: 443,
    internalAddressRealm: 'inside',
    externalAddressRealm: 'internet',
  };
  expect(message?.records).toEqual([
    {
      ...both,
      flowStartMilliseconds: NOW - 1500,
      flowEndMilliseconds: NOW,
      octetDeltaCount: 2 ** 40,
      packetDeltaCount: 7,
      'reverse octetDeltaCount': 900,
      'reverse packetDeltaCount': 5,
      flowEndReason: 3,
    },
    { ...both, observationTimeMilliseconds: NOW, natEvent: 5 },
  ]);
});

test('other families, ICMP, blocks of ports, and ends by force', () => {
  const v6 = { source: '2001:db8:a::9', destination: '2001:db8:ffff::80' };
  const lent = {
    event: 'nat-block',
    source: '100.64.0.9',
    destination: '198.51.100.8',
    ports: '1024-1535',
  };
  const records = through(
    { ...session, ...v6, protocol: 'icmpv6', destination_port: 128 * 256, reason: 'policy' },
    { ...session, ...v6, event: 'session-start', nat },
    {
      ...session,
      ...v6,
      nat: { ...nat, source: '2001:db8:1::9', destination: '2001:db8:ffff::80' },
    },
    { ...session, ...lent },
    { ...session, ...lent, event: 'nat-block-end', source: '2001:db8:a::/64' },
    { ...session, protocol: '47', reason: 'evicted' },
    { ...session, event: 'session-start' },
    { ...session, event: 'deny' },
  ).flatMap((one) => one.records);
  expect(records).toMatchObject([
    {
      sourceIPv6Address: '2001:0db8:000a:0000:0000:0000:0000:0009',
      icmpTypeCodeIPv6: 32_768,
      protocolIdentifier: 58,
      flowEndReason: 4,
    },
    { natEvent: 6, postNATSourceIPv4Address: '198.51.100.2' },
    { postNATSourceIPv6Address: '2001:0db8:0001:0000:0000:0000:0000:0009', flowEndReason: 3 },
    {
      natEvent: 16,
      sourceIPv4Address: '100.64.0.9',
      postNATSourceIPv4Address: '198.51.100.8',
      portRangeStart: 1024,
      portRangeEnd: 1535,
    },
    { natEvent: 17, sourceIPv6Address: '2001:0db8:000a:0000:0000:0000:0000:0000' },
    { protocolIdentifier: 47, flowEndReason: 5 },
  ]);
});

test('templates come before their first record and again, and the sequence counts records', () => {
  const encoder = new IpfixEncoder(1, 1000);
  const decoder = new IpfixDecoder();
  const many = (count: number) =>
    Array.from({ length: count }, () => session).flatMap(ipfixRecords);
  const at = (count: number, now: number) =>
    encoder.encode(many(count), now).map((bytes) => {
      expect(bytes.length).toBeLessThanOrEqual(1232);
      const { sequence, templates, records } = decoder.decode(bytes);
      return { sequence, templates: templates.length, records: records.length };
    });
  const first = at(100, NOW);
  expect(first.length).toBeGreaterThan(5);
  expect(first.map(({ templates }) => templates)).toEqual([1, ...first.slice(1).map(() => 0)]);
  let sum = 0;
  for (const { sequence, records } of first) {
    expect(sequence).toBe(sum);
    sum += records;
  }
  expect(sum).toBe(100);
  expect(at(1, NOW + 999)).toEqual([{ sequence: 100, templates: 0, records: 1 }]);
  expect(at(2, NOW + 1000)).toEqual([{ sequence: 101, templates: 1, records: 2 }]);
});

test('over TCP each connection has its templates, a sequence from 0, and what waited for it', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const failures: string[] = [];
  const records = ipfixRecords(session);
  /** The next connection's first messages, until there are so many records. */
  async function connection(wanted: number): Promise<{ stream: Socket; messages: Message[] }> {
    const [stream] = (await once(server, 'connection')) as [Socket];
    const decoder = new IpfixDecoder();
    const messages: Message[] = [];
    let bytes = Buffer.alloc(0);
    for await (const more of stream.iterator({ destroyOnReturn: false })) {
      bytes = Buffer.concat([bytes, more as Buffer]);
      while (bytes.length >= 4 && bytes.length >= bytes.readUInt16BE(2)) {
        const size = bytes.readUInt16BE(2);
        messages.push(decoder.decode(bytes.subarray(0, size)));
        bytes = bytes.subarray(size);
      }
      if (messages.flatMap((one) => one.records).length >= wanted) break;
    }
    return { stream, messages };
  }
  const first = connection(2);
  const collector = { to: '127.0.0.1', port, transport: 'tcp', domain: 7 } as const;
  const sender = new IpfixTcpSender(collector, (why) => failures.push(why));
  sender.send(records, NOW);
  sender.send(records, NOW);
  const { stream, messages } = await first;
  expect(messages[0]).toMatchObject({ domain: 7, sequence: 0 });
  expect(messages.flatMap((one) => one.records)).toHaveLength(2);
  const second = connection(1);
  stream.destroy();
  await until('the end is seen', 10_000, () => Promise.resolve(failures.length > 0));
  sender.send(records, NOW);
  const { messages: again } = await second;
  // The decoder is a new one: without its template it could not read the record.
  expect(again.map(({ sequence, records: all }) => [sequence, all.length])).toEqual([[0, 1]]);
  expect(failures).toHaveLength(1);
  sender.close();
  server.close();
});
