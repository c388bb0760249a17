// SPDX-License-Identifier: BSD-3-Clause
import { addressBytes } from '../compiler/image-interfaces.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { quote } from '../diagnostics/text.js';
import { parseAddress, parsePrefix } from '../net/address.js';
import { parseNumber, PROTOCOLS } from '../net/services.js';
import type { Prefix } from '../net/sets.js';
import { CONSTANTS as C } from '../tables/layout.js';
import { MESSAGES, MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { measure, writeRecord } from '../tables/records.js';
import type { SessionFilterName } from './api/types.js';
import type { Names } from './names.js';

/** A filter that names nothing there is, or cannot be read; the message is for the user. */
export class FilterError extends Error {}

/**
 * The record OP_SESSIONS and OP_CLEAR_SESSIONS take, from what the user wrote; `translated`: only
 * sessions that NAT changes.
 */
export function sessionFilter(
  query: URLSearchParams,
  limit: string,
  names: Names,
  translated = false,
): Uint8Array {
  const get = (name: SessionFilterName): string | null => query.get(name);
  const source = prefix(get('source'));
  const destination = prefix(get('destination'));
  const families = new Set([source, destination].flatMap((one) => one?.address.family ?? []));
  if (families.size > 1) throw new FilterError('source and destination are of different families');
  const record = {
    source: source === null ? new Uint8Array(16) : addressBytes(source.address),
    destination: destination === null ? new Uint8Array(16) : addressBytes(destination.address),
    rule: known('rule', get('rule'), names.ruleSlots) ?? M.RULE_NOT_ASKED,
    limit: number('limit', limit, 0xffffffff),
    protocol: protocol(get('protocol')),
    from: known('zone', get('from'), names.zoneSlots) ?? 0,
    to: known('zone', get('to'), names.zoneSlots) ?? 0,
    port: number('port', get('port') ?? '0', 65535),
    family: [...families][0] ?? 0,
    source_length: source?.length ?? 0,
    destination_length: destination?.length ?? 0,
    flags: translated ? M.FILTER_NAT : 0,
  };
  return bytesOf(record);
}

/** The record for the sessions of a real server; `port` null: of any. */
export function sessionsOfServer(address: string, port: number | null): Uint8Array {
  const server = prefix(address);
  if (server === null) throw new FilterError('no address');
  return bytesOf({
    source: new Uint8Array(16),
    destination: addressBytes(server.address),
    rule: M.RULE_NOT_ASKED,
    limit: 0,
    protocol: C.PROTO_ANY,
    from: 0,
    to: 0,
    port: port ?? 0,
    family: server.address.family,
    source_length: 0,
    destination_length: server.length,
    flags: M.FILTER_NAT | M.FILTER_SERVER,
  });
}

function bytesOf(record: Parameters<typeof writeRecord<typeof MESSAGES.session_filter>>[3]) {
  const bytes = new Uint8Array(measure(MESSAGES.session_filter).size);
  writeRecord(MESSAGES.session_filter, new DataView(bytes.buffer), 0, record);
  return bytes;
}

/** An address or prefix of a filter; FilterError where it is none. */
export function prefix(text: string | null): Prefix | null {
  if (text === null) return null;
  if (text.includes('/')) {
    const parsed = parsePrefix(text);
    if (typeof parsed === 'string') throw new FilterError(`${quote(text)}: ${parsed}`);
    return parsed;
  }
  const address = parseAddress(text);
  if (typeof address === 'string') throw new FilterError(`${quote(text)}: ${address}`);
  return { address, length: address.family === 4 ? 32 : 128 };
}

export function protocol(text: string | null): number {
  if (text === null) return C.PROTO_ANY;
  if (Object.hasOwn(PROTOCOLS, text)) return PROTOCOLS[text as keyof typeof PROTOCOLS];
  return number('protocol', text, 255);
}

export function number(what: string, text: string, most: number): number {
  const value = parseNumber(text, most);
  if (value < 0) throw new FilterError(`${what} ${quote(text)} is no number from 0 to ${most}`);
  return value;
}

export function known(
  what: string,
  name: string | null,
  slots: ReadonlyMap<string, number>,
): number | null {
  if (name === null) return null;
  const slot = slots.get(name);
  if (slot !== undefined) return slot;
  const hint = didYouMean(name, slots.keys());
  throw new FilterError(`there is no ${what} ${quote(name)}${hint === null ? '' : `, ${hint}`}`);
}
