// SPDX-License-Identifier: BSD-3-Clause
import { addressBytes } from '../../compiler/image-interfaces.js';
import { MESSAGES, MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import { measure, writeRecord } from '../../tables/records.js';
import type { PacketFilterName } from '../api/packets.js';
import type { Names } from '../names.js';
import { FilterError, known, number, prefix, protocol } from '../session-filter.js';

/** Packets a second and worker unless `rate` says otherwise. */
const RATE = '1000';
/** Bytes kept of each unless `snap` says otherwise. */
const SNAP = '2048';

/** The record OP_CAPTURE_START takes; `reasons` are the drop reasons by id. */
export function packetFilter(
  query: URLSearchParams,
  names: Names,
  reasons: readonly string[],
): Uint8Array {
  const get = (name: PacketFilterName): string | null => query.get(name);
  const ends = {
    source: prefix(get('source')),
    destination: prefix(get('destination')),
    address: prefix(get('address')),
  };
  const families = new Set(Object.values(ends).flatMap((one) => one?.address.family ?? []));
  if (families.size > 1) throw new FilterError('the addresses are of different families');
  const bytes = (one: ReturnType<typeof prefix>): Uint8Array =>
    one === null ? new Uint8Array(16) : addressBytes(one.address);
  const zone = (name: 'zone' | 'from' | 'to'): number =>
    known('zone', get(name), names.zoneSlots) ?? 0;
  const ids = new Map(reasons.map((reason, id) => [reason, id]).slice(1) as [string, number][]);
  const record = {
    source: bytes(ends.source),
    destination: bytes(ends.destination),
    address: bytes(ends.address),
    rule: known('rule', get('rule'), names.ruleSlots) ?? M.RULE_NOT_ASKED,
    most: number('limit', query.get('limit') ?? '0', 0xffffffff),
    rate: least('rate', query.get('rate') ?? RATE, 1, M.CAPTURE_RATE_MOST),
    snap: least('snap', query.get('snap') ?? SNAP, M.CAPTURE_SNAP_LEAST, M.CAPTURE_SNAP_MOST),
    protocol: protocol(get('protocol')),
    from: zone('from'),
    to: zone('to'),
    zone: zone('zone'),
    iface: known('interface', get('interface'), names.interfaceSlots) ?? 0,
    port: number('port', get('port') ?? '0', 65535),
    reason: known('drop reason', get('reason'), ids) ?? 0,
    family: [...families][0] ?? 0,
    source_length: ends.source?.length ?? 0,
    destination_length: ends.destination?.length ?? 0,
    address_length: ends.address?.length ?? 0,
    flags:
      (query.get('dropped') === null ? 0 : M.CAPTURE_DROPPED) |
      (query.get('new') === null ? 0 : M.CAPTURE_NEW),
    reserved: 0,
    reserved2: 0,
  };
  const packed = new Uint8Array(measure(MESSAGES.capture_filter).size);
  writeRecord(MESSAGES.capture_filter, new DataView(packed.buffer), 0, record);
  return packed;
}

function least(what: string, text: string, low: number, high: number): number {
  const value = number(what, text, high);
  if (value >= low) return value;
  throw new FilterError(`${what} '${text}' is no number from ${low} to ${high}`);
}
