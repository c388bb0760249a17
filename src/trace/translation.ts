// SPDX-License-Identifier: BSD-3-Clause
import type { OfflineResult } from '../datapath/offline.js';
import type { PacketText } from '../firewall/packet.js';
import { formatAddress } from '../net/address.js';
import { hasPorts, PROTOCOLS } from '../net/services.js';
import type { Address } from '../net/sets.js';
import { readAddress } from '../tables/address.js';
import { CONSTANTS as C } from '../tables/layout.js';
import type { Names, RuleName } from './verdicts.js';

/** An end of a flow before and after translation, and the NAT rule that did it. */
export interface Translated {
  readonly from: string;
  readonly to: string;
  readonly rule: RuleName | null;
}

/** What a new session translates. */
export interface Nat {
  readonly source?: Translated;
  readonly destination?: Translated;
}

type Ends = Pick<
  PacketText,
  'protocol' | 'source' | 'destination' | 'sourcePort' | 'destinationPort'
>;

/** Of the translated ends: with NAT64 not the packet's own. */
export function familyOf({ translated_family: family }: OfflineResult): 4 | 6 {
  return family === 4 ? 4 : 6;
}

/** Its addresses as they are once it is translated. */
export function endsOf(
  result: OfflineResult,
  { source, destination }: Ends,
): { readonly source: Address; readonly destination: Address } {
  const { source_rule: one, destination_rule: other, source: from, destination: to } = result;
  const family = familyOf(result);
  return {
    source: one === C.TRANSLATION_NONE ? source : readAddress(from, family),
    destination: other === C.TRANSLATION_NONE ? destination : readAddress(to, family),
  };
}

/** What became of the ends of a packet. */
export function translationOf(result: OfflineResult, packet: Ends, names: Names): Nat {
  const { protocol } = packet;
  const end = (bytes: Uint8Array, port: number): string =>
    endText(readAddress(bytes, familyOf(result)), port, protocol);
  const { source_rule: source, destination_rule: destination } = result;
  return {
    ...(source === C.TRANSLATION_NONE
      ? {}
      : {
          source: {
            from: endText(packet.source, packet.sourcePort, protocol),
            to: end(result.source, result.source_port),
            rule: names.rule(source),
          },
        }),
    ...(destination === C.TRANSLATION_NONE || names.oneWay(result.backend) !== null
      ? {}
      : {
          destination: {
            from: endText(packet.destination, packet.destinationPort, protocol),
            to: end(result.destination, result.destination_port),
            rule: names.rule(destination),
          },
        }),
  };
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`, or the address alone where there are no ports. */
export function endText(address: Address, port: number, protocol: number): string {
  const text = formatAddress(address);
  if (!hasPorts(protocol) || protocol === PROTOCOLS.sctp) return text;
  return address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}
