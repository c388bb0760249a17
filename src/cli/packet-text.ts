// SPDX-License-Identifier: BSD-3-Clause
import type { PacketParts } from '../datapath/packet.js';
import { TCP_FLAGS } from '../firewall/packet.js';
import { formatAddress } from '../net/address.js';
import { hasPorts, PROTOCOLS } from '../net/services.js';
import type { Address } from '../net/sets.js';

const NAMES = new Map<number, string>(Object.entries(PROTOCOLS).map(([name, n]) => [n, name]));

/** A packet as a line of a packet list has it, the interface apart. */
export function describe(parts: PacketParts): string {
  const { protocol, source, destination, sourcePort, destinationPort, tcpFlags } = parts;
  const name = NAMES.get(protocol) ?? `proto/${protocol}`;
  const icmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
  const words = [
    icmp ? `${name}/${parts.icmpType}${parts.icmpCode === 0 ? '' : `/${parts.icmpCode}`}` : name,
    end(source, hasPorts(protocol) ? sourcePort : null),
    end(destination, hasPorts(protocol) ? destinationPort : null),
  ];
  if (tcpFlags !== null)
    words.push([...TCP_FLAGS].flatMap(([flag, bit]) => (tcpFlags & bit ? [flag] : [])).join(','));
  if (parts.dscp) words.push(`dscp ${parts.dscp}`);
  return words.join(' ').trimEnd();
}

function end(address: Address, port: number | null): string {
  const text = formatAddress(address);
  if (port === null) return text;
  return address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}
