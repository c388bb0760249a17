// SPDX-License-Identifier: BSD-3-Clause
import type { Model } from '../compiler/model.js';
import { didYouMean } from '../diagnostics/suggest.js';
import type { PacketParts } from '../datapath/packet.js';
import { parsePacket } from '../firewall/packet.js';
import type { Interface } from '../interfaces/model.js';
import { hasPorts, PROTOCOLS } from '../net/services.js';

/** A packet of a list, with the interface it enters by. */
export interface ListedPacket {
  readonly iface: Interface;
  readonly parts: PacketParts;
  /** Source MAC; null for one of ours. */
  readonly mac: number | null;
}

export interface PacketList {
  readonly packets: readonly ListedPacket[];
  /** `file:line:col: error: …` lines. */
  readonly errors: readonly string[];
}

const ECHO_REQUEST = new Map<number, number>([
  [PROTOCOLS.icmp, 8],
  [PROTOCOLS.icmpv6, 128],
]);

/** Reads `IFACE PROTO SRC[:PORT] DST[:PORT] [flags] [dscp N] [mac MAC]` lines; `#` starts a comment. */
export function parsePacketList(text: string, file: string, model: Model): PacketList {
  const interfaces = new Map(model.interfaces.map((iface) => [iface.name, iface]));
  const packets: ListedPacket[] = [];
  const errors: string[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const wanted = line.replace(/#.*$/, '').trimEnd();
    if (wanted === '') continue;
    const parts = parsePacket(wanted);
    if ('problem' in parts) {
      errors.push(`${file}:${i + 1}:${parts.index + 1}: error: ${parts.problem}`);
      continue;
    }
    const iface = interfaces.get(parts.interface);
    const problem =
      iface === undefined ? missing(parts.interface, interfaces.keys()) : unfit(iface);
    if (iface === undefined || problem !== null)
      errors.push(`${file}:${i + 1}:${wanted.search(/\S/) + 1}: error: ${problem ?? ''}`);
    else packets.push({ iface, parts, mac: parts.mac });
  }
  return { packets, errors };
}

/** Reads a ClassBench trace: source, destination, ports and protocol in decimal, the rest ignored. */
export function parseClassbenchTrace(text: string, file: string, model: Model): PacketList {
  const packets: ListedPacket[] = [];
  const errors: string[] = [];
  const iface = model.interfaces.find((one) => unfit(one) === null);
  if (iface === undefined)
    return { packets, errors: [`${file}:1:1: error: the rule file has no interface in a zone`] };
  for (const [i, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const fields = line.trim().split(/\s+/).slice(0, 5);
    const [source = -1, destination = -1, sourcePort = -1, destinationPort = -1, protocol = -1] =
      fields.map((field) => (/^\d{1,10}$/.test(field) ? Number(field) : -1));
    const address = 0xffffffff;
    const limits = [address, address, 0xffff, 0xffff, 0xff];
    const wrong = [source, destination, sourcePort, destinationPort, protocol].findIndex(
      (value, k) => value < 0 || value > (limits[k] as number),
    );
    if (wrong >= 0) {
      const what = ['source', 'destination', 'source port', 'destination port', 'protocol'][wrong];
      errors.push(
        `${file}:${i + 1}:1: error: ${String(what)} is not a decimal number in its range`,
      );
      continue;
    }
    const ported = hasPorts(protocol);
    packets.push({
      iface,
      parts: {
        protocol,
        source: { family: 4, value: BigInt(source) },
        destination: { family: 4, value: BigInt(destination) },
        sourcePort: ported ? sourcePort : 0,
        destinationPort: ported ? destinationPort : 0,
        icmpType: ECHO_REQUEST.get(protocol) ?? 0,
        icmpCode: 0,
        tcpFlags: null,
      },
      mac: null,
    });
  }
  return { packets, errors };
}

function missing(name: string, known: Iterable<string>): string {
  const hint = didYouMean(name, known);
  return `no interface '${name}'${hint === null ? '' : `, ${hint}`}`;
}

/** Why packets of an interface meet no policy, or null. */
export function unfit(iface: Interface): string | null {
  return iface.zone === null
    ? `${iface.name} is a management interface, its packets go to the kernel unseen`
    : null;
}
