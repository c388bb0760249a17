// SPDX-License-Identifier: BSD-3-Clause
import { peersOf, type Tunnel } from '../vpn/model.js';
import { CONSTANTS, SECTIONS } from '../tables/layout.js';
import { SectionWriter, type StringsWriter } from '../tables/section.js';
import { Digest } from './digest.js';
import type { AddressSets } from './image-sets.js';
import { slotOf, type Slots } from './slots.js';

/** Tunnels by the slot of their interface. What IKE alone is told is in the image by its hash. */
export function writeTunnels(
  tunnels: readonly Tunnel[],
  slots: Slots,
  strings: StringsWriter,
): SectionWriter<typeof SECTIONS.tunnels> {
  const section = new SectionWriter(SECTIONS.tunnels);
  const slot = (one: Tunnel): number => slotOf(slots.interfaces, one.interface);
  for (const one of tunnels.toSorted((a, b) => slot(a) - slot(b)))
    section.add({
      hash: hashOf(one),
      name: strings.add(one.name),
      iface: slot(one),
      reserved: 0,
    });
  return section;
}

/** The field of settings that says where IKE may come from. */
export function ikePeers(tunnels: readonly Tunnel[], addresses: AddressSets): number {
  if (tunnels.length === 0) return 0;
  const peers = peersOf(tunnels);
  return peers === null ? CONSTANTS.SET_ANY : addresses.id(peers) + 1;
}

/** Of what a tunnel says, not where it stands in the rule file. */
function hashOf(tunnel: Tunnel): Uint8Array {
  const digest = new Digest();
  const text = JSON.stringify(tunnel, (key, value: unknown) =>
    key === 'at' || key === 'excerpt' || key === 'from' ? undefined : value,
  );
  digest.words(Buffer.from(text));
  return digest.end();
}
