// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import type { FlowAsked } from '../daemon/api/flows.js';
import { frameOf } from '../datapath/capture-links.js';
import { CaptureError, readCapture, type Capture } from '../datapath/capture.js';
import type { PacketParts } from '../datapath/packet.js';
import { partsOf } from '../datapath/parts.js';
import { formatAddress } from '../net/address.js';
import { PROTOCOLS } from '../net/services.js';
import { describe } from './packet-text.js';

const SYN = 2;
const ACK = 16;
/** Errors, which open no flow (RFC 792; of ICMPv6 the types below 128). */
const ICMP_ERRORS = new Set([3, 4, 5, 11, 12]);

/** Of `[IFACE=]FILE`; throws CaptureError. Without an interface, a flow enters where its source is. */
export function flowsOfFile(text: string): FlowAsked[] {
  const [, iface = '-', file = text] = /^([A-Za-z0-9_.-]+)=(.+)$/.exec(text) ?? [];
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new CaptureError(`${file}: ${(error as Error).message}`);
  }
  try {
    return flowsOf(readCapture(bytes), iface);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    throw new CaptureError(`${file}: ${error.message}`);
  }
}

interface Conversation {
  parts: PacketParts;
  /** By its first packet of TCP, not by what was seen first. */
  opened: boolean;
}

/**
 * The flows of a capture, most first: conversations that differ in the client's port alone are one. Who
 * sent the SYN is the client, else who was seen first.
 */
export function flowsOf({ packets }: Capture, iface: string): FlowAsked[] {
  const conversations = new Map<string, Conversation>();
  for (const packet of packets) {
    const parts = partsOf(frameOf(packet, 0));
    if (parts === null || isError(parts)) continue;
    const opened = parts.tcpFlags !== null && (parts.tcpFlags & (SYN | ACK)) === SYN;
    const key = both(parts);
    const known = conversations.get(key);
    if (known === undefined) conversations.set(key, { parts, opened });
    else if (opened && !known.opened) Object.assign(known, { parts, opened });
  }
  const flows = new Map<string, { packet: string; count: number }>();
  for (const { parts } of conversations.values()) {
    const key = describe({ ...parts, sourcePort: 0, tcpFlags: null });
    const known = flows.get(key);
    if (known !== undefined) known.count++;
    else flows.set(key, { packet: `${iface} ${describe({ ...parts, tcpFlags: null })}`, count: 1 });
  }
  return [...flows.values()].sort((a, b) => b.count - a.count);
}

function isError({ protocol, icmpType }: PacketParts): boolean {
  if (protocol === PROTOCOLS.icmp) return ICMP_ERRORS.has(icmpType);
  return protocol === PROTOCOLS.icmpv6 && icmpType < 128;
}

/** The same for both directions. */
function both({ protocol, source, destination, sourcePort, destinationPort }: PacketParts): string {
  const ends = [
    `${formatAddress(source)} ${sourcePort}`,
    `${formatAddress(destination)} ${destinationPort}`,
  ];
  return `${protocol} ${ends.sort().join(' ')}`;
}
