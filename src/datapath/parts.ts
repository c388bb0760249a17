// SPDX-License-Identifier: BSD-3-Clause
import { hasPorts, PROTOCOLS } from '../net/services.js';
import { readAddress } from '../tables/address.js';
import type { PacketParts } from './packet.js';

const ETHERTYPE_IP4 = 0x0800;
const ETHERTYPE_IP6 = 0x86dd;
const TAGS = new Set([0x8100, 0x88a8]);
const MOST_TAGS = 2;
/** RFC 8200 section 4: hop-by-hop, routing and destination options, which say their length alike. */
const OPTIONS = new Set([0, 43, 60]);
const FRAGMENT = 44;
const MOST_HEADERS = 8;

/** What an Ethernet frame's IP packet says of its flow; null where there is none, or no first fragment. */
export function partsOf(frame: Uint8Array): PacketParts | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let at = 12;
  for (let tags = 0; tags < MOST_TAGS && at + 2 <= frame.length; tags++, at += 4)
    if (!TAGS.has(view.getUint16(at))) break;
  if (at + 2 > frame.length) return null;
  const type = view.getUint16(at);
  at += 2;
  if (type === ETHERTYPE_IP4) return parts4(view, at);
  return type === ETHERTYPE_IP6 ? parts6(view, at) : null;
}

function parts4(view: DataView, at: number): PacketParts | null {
  if (at + 20 > view.byteLength) return null;
  const first = view.getUint8(at);
  const header = (first & 15) * 4;
  if (first >> 4 !== 4 || header < 20 || (view.getUint16(at + 6) & 0x1fff) !== 0) return null;
  return parts(view, at + header, view.getUint8(at + 9), { family: 4, source: at + 12, bytes: 4 });
}

function parts6(view: DataView, at: number): PacketParts | null {
  if (at + 40 > view.byteLength || view.getUint8(at) >> 4 !== 6) return null;
  let next = view.getUint8(at + 6);
  let end = at + 40;
  for (let headers = 0; headers < MOST_HEADERS && end + 8 <= view.byteLength; headers++) {
    if (next === FRAGMENT && view.getUint16(end + 2) >> 3 !== 0) return null;
    if (!OPTIONS.has(next) && next !== FRAGMENT) break;
    const length = next === FRAGMENT ? 8 : (view.getUint8(end + 1) + 1) * 8;
    next = view.getUint8(end);
    end += length;
  }
  if (OPTIONS.has(next) || next === FRAGMENT) return null;
  return parts(view, end, next, { family: 6, source: at + 8, bytes: 16 });
}

function parts(
  view: DataView,
  at: number,
  protocol: number,
  {
    family,
    source,
    bytes,
  }: { readonly family: 4 | 6; readonly source: number; readonly bytes: number },
): PacketParts | null {
  const address = (from: number) => {
    const whole = new Uint8Array(16);
    whole.set(new Uint8Array(view.buffer, view.byteOffset + from, bytes));
    return readAddress(whole, family);
  };
  const ports = hasPorts(protocol);
  const icmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
  const tcp = protocol === PROTOCOLS.tcp;
  if (at + (tcp ? 14 : ports || icmp ? 4 : 0) > view.byteLength) return null;
  return {
    protocol,
    source: address(source),
    destination: address(source + bytes),
    sourcePort: ports ? view.getUint16(at) : 0,
    destinationPort: ports ? view.getUint16(at + 2) : 0,
    icmpType: icmp ? view.getUint8(at) : 0,
    icmpCode: icmp ? view.getUint8(at + 1) : 0,
    tcpFlags: tcp ? view.getUint8(at + 13) : null,
  };
}
