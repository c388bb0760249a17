// SPDX-License-Identifier: BSD-3-Clause
import type { Address } from '../net/sets.js';
import { PROTOCOLS } from '../net/services.js';
import { crc32c, internetChecksum } from './checksum.js';

/** What a packet is built from; as firewall/packet.ts reads it from text. */
export interface PacketParts {
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  /** null is SYN: the first packet of a flow. */
  readonly tcpFlags: number | null;
  /** Code point 0..63; 0 where none is given. */
  readonly dscp?: number;
}

const SYN = 2;
const TTL = 64;
/** RFC 4861 section 7.1: neighbour discovery is valid with this hop limit only. */
const TTL_ND = 255;
/** Bytes of the messages whose minimum is above eight: ICMP 13-18, neighbour discovery (RFC 4861). */
const ICMP_SIZES = new Map([
  [13, 20],
  [14, 20],
  [17, 12],
  [18, 12],
]);
const ND_SIZES = new Map([
  [133, 8],
  [134, 16],
  [135, 24],
  [136, 24],
  [137, 40],
]);

/** A whole IP packet with the smallest header of its protocol and correct checksums. */
export function buildPacket(parts: PacketParts): Uint8Array {
  const payload = transport(parts);
  const { protocol, source, destination, icmpType } = parts;
  // RFC 2474 section 3: the upper six bits of the byte.
  const traffic = (parts.dscp ?? 0) << 2;
  if (source.family === 4) {
    const packet = new Uint8Array(20 + payload.length);
    const view = new DataView(packet.buffer);
    packet[0] = 0x45;
    packet[1] = traffic;
    view.setUint16(2, packet.length);
    packet[8] = TTL;
    packet[9] = protocol;
    packet.set(bytesOf(source), 12);
    packet.set(bytesOf(destination), 16);
    view.setUint16(10, internetChecksum(packet.subarray(0, 20)));
    packet.set(payload, 20);
    return packet;
  }
  const packet = new Uint8Array(40 + payload.length);
  packet[0] = 0x60 | (traffic >> 4);
  packet[1] = (traffic & 15) << 4;
  new DataView(packet.buffer).setUint16(4, payload.length);
  packet[6] = protocol;
  packet[7] = protocol === PROTOCOLS.icmpv6 && ND_SIZES.has(icmpType) ? TTL_ND : TTL;
  packet.set(bytesOf(source), 8);
  packet.set(bytesOf(destination), 24);
  packet.set(payload, 40);
  return packet;
}

function transport(parts: PacketParts): Uint8Array {
  switch (parts.protocol) {
    case PROTOCOLS.tcp:
      return tcp(parts);
    case PROTOCOLS.udp:
      return udp(parts);
    case PROTOCOLS.sctp:
      return sctp(parts);
    case PROTOCOLS.icmp:
    case PROTOCOLS.icmpv6:
      return icmp(parts);
    default:
      return new Uint8Array(8);
  }
}

function tcp(parts: PacketParts): Uint8Array {
  const { bytes, view } = ported(parts, 20);
  view.setUint32(4, 1);
  view.setUint8(12, 5 << 4);
  view.setUint8(13, parts.tcpFlags ?? SYN);
  view.setUint16(14, 0xffff);
  view.setUint16(16, internetChecksum(pseudo(parts, bytes.length), bytes));
  return bytes;
}

function udp(parts: PacketParts): Uint8Array {
  const { bytes, view } = ported(parts, 8);
  view.setUint16(4, bytes.length);
  // RFC 768: a sum of zero is sent as all ones, zero says that there is none.
  view.setUint16(6, internetChecksum(pseudo(parts, bytes.length), bytes) || 0xffff);
  return bytes;
}

/** An INIT chunk (RFC 9260 section 3.3.2), which alone opens an association. */
function sctp(parts: PacketParts): Uint8Array {
  const { bytes, view } = ported(parts, 32);
  view.setUint8(12, 1);
  view.setUint16(14, 20);
  view.setUint32(16, 1);
  view.setUint32(20, 0x10000);
  view.setUint16(24, 1);
  view.setUint16(26, 1);
  view.setUint32(28, 1);
  view.setUint32(8, crc32c(bytes), true);
  return bytes;
}

function icmp(parts: PacketParts): Uint8Array {
  const { protocol, icmpType, icmpCode } = parts;
  const six = protocol === PROTOCOLS.icmpv6;
  const inner = isError(six, icmpType) ? buildPacket(answered(parts)) : new Uint8Array(0);
  const size = (six ? ND_SIZES : ICMP_SIZES).get(icmpType) ?? 8;
  const bytes = new Uint8Array(size + inner.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = icmpType;
  bytes[1] = icmpCode;
  // An identifier for queries; neighbour discovery has flags or nothing here.
  if (!six || icmpType === 128 || icmpType === 129) view.setUint32(4, 0x0001_0001);
  if (six && icmpType === 2) view.setUint32(4, 1280);
  bytes.set(inner, size);
  const sum = six ? internetChecksum(pseudo(parts, bytes.length), bytes) : internetChecksum(bytes);
  view.setUint16(2, sum);
  return bytes;
}

function isError(six: boolean, type: number): boolean {
  return six ? type >= 1 && type <= 4 : [3, 4, 5, 11, 12].includes(type);
}

/** A packet the other way that an ICMP error could be about. */
function answered({ source, destination }: PacketParts): PacketParts {
  return {
    protocol: PROTOCOLS.udp,
    source: destination,
    destination: source,
    sourcePort: 40000,
    destinationPort: 40000,
    icmpType: 0,
    icmpCode: 0,
    tcpFlags: null,
  };
}

function ported(
  { sourcePort, destinationPort }: PacketParts,
  size: number,
): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  return { bytes, view };
}

/** The pseudo-header of RFC 9293 section 3.1 and RFC 8200 section 8.1. */
function pseudo({ source, destination, protocol }: PacketParts, length: number): Uint8Array {
  const tail = new Uint8Array(8);
  const view = new DataView(tail.buffer);
  view.setUint32(0, length);
  view.setUint32(4, protocol);
  return Buffer.concat([bytesOf(source), bytesOf(destination), tail]);
}

function bytesOf({ family, value }: Address): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
