// SPDX-License-Identifier: BSD-3-Clause
import { parseAddress } from '../net/address.js';
import { hasPorts, parseNumber, parseService, PROTOCOLS } from '../net/services.js';
import type { Address } from '../net/sets.js';
import { parseDscp } from './dscp.js';

/** TCP flags by the name packet lines use, with their bit (RFC 9293 section 3.1). */
export const TCP_FLAGS: ReadonlyMap<string, number> = new Map([
  ['fin', 1],
  ['syn', 2],
  ['rst', 4],
  ['psh', 8],
  ['ack', 16],
  ['urg', 32],
  ['ece', 64],
  ['cwr', 128],
]);

/** A packet as `trace --packets` and assertions write it. */
export interface PacketText {
  readonly interface: string;
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  /** Ports of TCP, UDP and SCTP, else 0. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Type and code of ICMP and ICMPv6, else 0. */
  readonly icmpType: number;
  readonly icmpCode: number;
  /** Bits of TCP_FLAGS; null where none are written. */
  readonly tcpFlags: number | null;
  /** Code point 0..63. */
  readonly dscp: number;
  /** Source MAC address as a number below 2^48; null where none is written. */
  readonly mac: number | null;
}

/** Why a packet line cannot be read; `index` and `length` say which part of the text is meant. */
export interface PacketProblem {
  readonly problem: string;
  readonly index: number;
  readonly length: number;
}

interface Word {
  readonly text: string;
  readonly index: number;
}

/** Words of a line with their place in it. */
export function wordsOf(text: string): Word[] {
  return [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], index: match.index }));
}

/**
 * Parses `IFACE PROTO SRC[:PORT] DST[:PORT] [tcp flags] [dscp N] [mac MAC]`, IPv6 addresses in
 * brackets where a port follows.
 */
export function parsePacket(text: string): PacketText | PacketProblem {
  const found = wordsOf(text);
  const [name, proto, from, to] = found;
  const wrong = (problem: string, { text: part, index }: Word = { text, index: 0 }) => ({
    problem,
    index,
    length: Math.max(1, part.length),
  });
  if (name === undefined || proto === undefined || from === undefined || to === undefined) {
    return wrong(
      'a packet is written IFACE PROTO SRC[:PORT] DST[:PORT] [flags] [dscp N] [mac MAC]',
    );
  }
  const kind = parseKind(proto.text);
  if (typeof kind === 'string') return wrong(kind, proto);
  const source = parseEnd(from.text, kind.protocol);
  if (typeof source === 'string') return wrong(source, from);
  const destination = parseEnd(to.text, kind.protocol);
  if (typeof destination === 'string') return wrong(destination, to);
  if (source.address.family !== destination.address.family) {
    return wrong('source and destination are of different address families', to);
  }
  const more = parseMore(found.slice(4), kind.protocol);
  if ('word' in more) return wrong(more.problem, more.word);
  return {
    interface: name.text,
    protocol: kind.protocol,
    source: source.address,
    destination: destination.address,
    sourcePort: source.port,
    destinationPort: destination.port,
    icmpType: kind.type,
    icmpCode: kind.code,
    ...more,
  };
}

type More = Pick<PacketText, 'tcpFlags' | 'dscp' | 'mac'>;

/** What may follow the addresses: the flags first, then words with a value each. */
function parseMore(
  words: readonly Word[],
  protocol: number,
): More | { readonly problem: string; readonly word: Word } {
  const values = new Map<string, number>();
  const first = words[0];
  const flags = first === undefined || VALUES.has(first.text) ? null : first;
  const tcpFlags = flags === null ? null : parseFlags(flags.text, protocol);
  if (typeof tcpFlags === 'string') return { problem: tcpFlags, word: flags as Word };
  for (let i = flags === null ? 0 : 1; i < words.length; i += 2) {
    const word = words[i] as Word;
    const read = VALUES.get(word.text);
    if (read === undefined)
      return { problem: 'only dscp and mac follow the flags of a packet', word };
    if (values.has(word.text)) return { problem: `${word.text} is there twice`, word };
    const value = read(words[i + 1]?.text ?? '');
    if (typeof value === 'string') return { problem: value, word: words[i + 1] ?? word };
    values.set(word.text, value);
  }
  return { tcpFlags, dscp: values.get('dscp') ?? 0, mac: values.get('mac') ?? null };
}

const VALUES = new Map<string, (text: string) => number | string>([
  ['dscp', (text) => parseDscp(text) ?? 'dscp is a name as ef and af31, or a number from 0 to 63'],
  ['mac', (text) => parseMac(text) ?? 'a MAC address is written as in 52:54:00:12:34:56'],
]);

function parseMac(text: string): number | null {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)
    ? Number.parseInt(text.replaceAll(':', ''), 16)
    : null;
}

function parseKind(text: string): { protocol: number; type: number; code: number } | string {
  const service = parseService(text);
  if (typeof service === 'string') return service;
  const { protocol, destination } = service;
  if (protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6) {
    if (!text.includes('/')) return `a packet of ${text} has a type, as in ${text}/echo-request`;
    return { protocol, type: destination[0] >> 8, code: destination[0] & 255 };
  }
  if (hasPorts(protocol) && text.includes('/') && !text.startsWith('proto/')) {
    return 'the ports of a packet follow its addresses, as in 192.0.2.1:80';
  }
  return { protocol, type: 0, code: 0 };
}

/** `ADDR[:PORT]`, IPv6 in brackets where a port follows; a string is the reason why it is none. */
export function parseEnd(
  text: string,
  protocol: number,
): { address: Address; port: number } | string {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  const plain = /^([^:]*)(?::([^:]*))?$/.exec(text);
  // Without brackets nobody can tell the port from the last group of the address.
  if (bracketed === null && plain === null && hasPorts(protocol)) {
    return 'an IPv6 address stands in brackets, as in [2001:db8::1]:80';
  }
  const [, addressText = text, portText] = bracketed ?? plain ?? [];
  const address = parseAddress(addressText);
  if (typeof address === 'string') return `'${addressText}' is not an address: ${address}`;
  if (portText === undefined) return { address, port: 0 };
  if (!hasPorts(protocol)) return 'only tcp, udp and sctp have ports';
  const port = parseNumber(portText, 65535);
  return port < 0 ? 'a port is a number from 0 to 65535' : { address, port };
}

function parseFlags(text: string, protocol: number): number | string {
  if (protocol !== PROTOCOLS.tcp) return 'only tcp has flags';
  let bits = 0;
  for (const name of text.toLowerCase().split(',')) {
    const bit = TCP_FLAGS.get(name);
    if (bit === undefined)
      return `flags are ${[...TCP_FLAGS.keys()].join(', ')}, with commas between`;
    bits |= bit;
  }
  return bits;
}
