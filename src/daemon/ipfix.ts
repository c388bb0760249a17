// SPDX-License-Identifier: BSD-3-Clause
import type { Logger } from 'pino';
import { parseAddress } from '../net/address.js';
import { PROTOCOLS } from '../net/services.js';
import type { IpfixCollector } from '../system/model.js';
import { IpfixSender } from '../telemetry/ipfix/sender.js';
import { IpfixTcpSender } from '../telemetry/ipfix/tcp-sender.js';
import type { ElementName, IpfixRecord, Value } from '../telemetry/ipfix/templates.js';
import type { LogShown } from './api/types.js';
import type { LogDrain } from './log.js';

/** RFC 8158, 4.3 (IANA's registry of natEvent). */
const NAT_EVENT = {
  create44: 4,
  delete44: 5,
  create64: 6,
  delete64: 7,
  block: 16,
  unblock: 17,
} as const;

/** flowEndReason (RFC 7012) by why a session ended. */
const END_REASONS: Readonly<Record<string, number>> = { idle: 1, finished: 3, evicted: 5 };
const FORCED_END = 4;

const ICMP: readonly number[] = [PROTOCOLS.icmp, PROTOCOLS.icmpv6];

/** Tells collectors of sessions, and of what NAT gives out, from the records of the log. */
export class IpfixExport {
  readonly #drain: LogDrain;
  readonly #log: Logger;
  readonly #tell: (records: readonly LogShown[]) => void;
  #senders: (IpfixSender | IpfixTcpSender)[] = [];

  constructor(drain: LogDrain, log: Logger) {
    this.#drain = drain;
    this.#log = log;
    this.#tell = (records) => {
      if (this.#senders.length === 0) return;
      const told = records.flatMap(ipfixRecords);
      if (told.length === 0) return;
      for (const sender of this.#senders) sender.send(told, Date.now());
    };
    drain.on('records', this.#tell);
  }

  /** Collectors that stay keep their sequence. */
  take(collectors: readonly IpfixCollector[]): void {
    const key = (one: IpfixCollector): string => JSON.stringify(one);
    const wanted = new Map(collectors.map((one) => [key(one), one]));
    const kept = this.#senders.filter((sender) => wanted.delete(key(sender.collector)));
    for (const sender of this.#senders) if (!kept.includes(sender)) sender.close();
    const made = [...wanted.values()].map((one) => {
      const failed = (why: string): void =>
        this.#log.warn({ event: 'ipfix-not-sent', to: one.to, port: one.port, why });
      return one.transport === 'tcp'
        ? new IpfixTcpSender(one, failed)
        : new IpfixSender(one, failed);
    });
    this.#senders = [...kept, ...made];
  }

  close(): void {
    this.#drain.off('records', this.#tell);
    this.take([]);
  }
}

/** What a record of the log is to collectors; nothing, where it is not of theirs. */
export function ipfixRecords(record: LogShown): IpfixRecord[] {
  switch (record.event) {
    case 'session-start':
      return natEvents(record, 'create');
    case 'session-end':
      return [flow(record), ...natEvents(record, 'delete')];
    case 'nat-block':
    case 'nat-block-end':
      return [block(record)];
    default:
      return [];
  }
}

type Field = readonly [ElementName, Value];

/** The session at its end, both ways in one record (RFC 5103). */
function flow(record: LogShown): IpfixRecord {
  const { from, to, reason = '', duration_ms: duration = 0 } = record;
  const end = Date.parse(record.at);
  return [
    ['start', BigInt(end - duration)],
    ['end', BigInt(end)],
    ...near(record),
    ...(record.nat === undefined ? [] : far(record.nat)),
    ['octets', record.bytes_forward ?? 0],
    ['packets', record.packets_forward ?? 0],
    ['reverseOctets', record.bytes_reply ?? 0],
    ['reversePackets', record.packets_reply ?? 0],
    ['endReason', END_REASONS[reason] ?? FORCED_END],
    ['internalRealm', from],
    ['externalRealm', to],
  ];
}

/** RFC 8158 knows NAT to IPv4 alone. */
function natEvents(record: LogShown, what: 'create' | 'delete'): IpfixRecord[] {
  const { nat } = record;
  if (nat === undefined || nat.source.includes(':')) return [];
  return [
    [
      ['time', BigInt(Date.parse(record.at))],
      ['natEvent', NAT_EVENT[`${what}${record.source.includes(':') ? 64 : 44}`]],
      ...near(record),
      ...far(nat),
      ['internalRealm', record.from],
      ['externalRealm', record.to],
    ],
  ];
}

/** Ports of an address lent to a client; a client of IPv6 is its /64. */
function block({ event, at, source, destination, ports = '' }: LogShown): IpfixRecord {
  const [first = 0, last = 0] = ports.split('-').map(Number);
  return [
    ['time', BigInt(Date.parse(at))],
    ['natEvent', event === 'nat-block' ? NAT_EVENT.block : NAT_EVENT.unblock],
    address('source', source.replace(/\/64$/, '')),
    address('farSource', destination),
    ['firstPort', first],
    ['lastPort', last],
  ];
}

function near(record: LogShown): Field[] {
  const { source, destination, protocol: name, source_port, destination_port } = record;
  const protocol = (PROTOCOLS as Readonly<Record<string, number>>)[name] ?? Number(name);
  const ports: Field[] = ICMP.includes(protocol)
    ? [[source.includes(':') ? 'icmp6' : 'icmp4', destination_port]]
    : [
        ['sourcePort', source_port],
        ['destinationPort', destination_port],
      ];
  return [
    address('source', source),
    address('destination', destination),
    ['protocol', protocol],
    ...ports,
  ];
}

function far(nat: NonNullable<LogShown['nat']>): Field[] {
  return [
    address('farSource', nat.source),
    address('farDestination', nat.destination),
    ['farSourcePort', nat.source_port],
    ['farDestinationPort', nat.destination_port],
  ];
}

function address(
  what: 'source' | 'destination' | 'farSource' | 'farDestination',
  text: string,
): Field {
  const parsed = parseAddress(text);
  if (typeof parsed === 'string') throw new Error(`a record has no address: ${parsed}`);
  const { family, value } = parsed;
  const digits = family === 4 ? 8 : 32;
  return [`${what}${family}`, Buffer.from(value.toString(16).padStart(digits, '0'), 'hex')];
}
