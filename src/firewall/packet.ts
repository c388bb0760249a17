// SPDX-License-Identifier: BSD-3-Clause
import { parseAddress } from '../net/address.js';
import { hasPorts, parseNumber, parseService, PROTOCOLS } from '../net/services.js';
import type { Address } from '../net/sets.js';

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

/** Parses `IFACE PROTO SRC[:PORT] DST[:PORT] [tcp flags]`, IPv6 addresses in brackets where a port follows. */
export function parsePacket(text: string): PacketText | PacketProblem {
  const found = wordsOf(text);
  const [name, proto, from, to, flags, extra] = found;
  const wrong = (problem: string, { text: part, index }: Word = { text, index: 0 }) => ({
    problem,
    index,
    length: Math.max(1, part.length),
  });
  if (name === undefined || proto === undefined || from === undefined || to === undefined) {
    return wrong('a packet is written IFACE PROTO SRC[:PORT] DST[:PORT] [flags]');
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
  const tcpFlags = flags === undefined ? null : parseFlags(flags.text, kind.protocol);
  if (typeof tcpFlags === 'string') return wrong(tcpFlags, flags);
  if (extra !== undefined) return wrong('nothing follows the flags of a packet', extra);
  return {
    interface: name.text,
    protocol: kind.protocol,
    source: source.address,
    destination: destination.address,
    sourcePort: source.port,
    destinationPort: destination.port,
    icmpType: kind.type,
    icmpCode: kind.code,
    tcpFlags,
  };
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

function parseEnd(text: string, protocol: number): { address: Address; port: number } | string {
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
