// SPDX-License-Identifier: BSD-3-Clause
import { span } from '../../diagnostics/columns.js';
import type { LogShown } from './types.js';

/** A log record as a line for people. */
export function logLine(record: LogShown): string {
  const { at, event, protocol, rule, from, to, reason } = record;
  if (record.ports !== undefined) {
    const lent = `${at} ${event.padEnd(13)} ${record.source} has ${record.destination} ports ${record.ports} ${rule}`;
    return record.duration_ms === undefined
      ? lent
      : `${lent} until now, ${span(record.duration_ms)}`;
  }
  const source = endpoint(record.source, record.source_port);
  const destination = endpoint(record.destination, record.destination_port);
  const { packets_forward, packets_reply, bytes_forward, bytes_reply, duration_ms } = record;
  const parts = [
    `${at} ${event.padEnd(13)} ${protocol} ${source} > ${destination} ${from}>${to} ${rule}`,
    reason === undefined ? null : `(${reason})`,
    duration_ms === undefined ? null : `after ${span(duration_ms)}`,
    packets_forward === undefined ? null : `packets ${packets_forward}/${packets_reply ?? 0}`,
    bytes_forward === undefined ? null : `bytes ${bytes_forward}/${bytes_reply ?? 0}`,
  ];
  return parts.filter((part) => part !== null).join(' ');
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
