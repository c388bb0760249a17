// SPDX-License-Identifier: BSD-3-Clause
import { peersOf, type Tunnel } from '../vpn/model.js';
import { CONSTANTS, SECTIONS } from '../tables/layout.js';
import { SectionWriter, type StringsWriter } from '../tables/section.js';
import { Digest } from './digest.js';
import { addressBytes } from './image-interfaces.js';
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

/** What policy-based tunnels take: each of their prefixes here with each of those over there. */
export function writeSelectors(
  tunnels: readonly Tunnel[],
  slots: Slots,
): SectionWriter<typeof SECTIONS.selectors> {
  const section = new SectionWriter(SECTIONS.selectors);
  for (const { selectors, interface: name } of tunnels)
    for (const local of selectors?.local ?? [])
      for (const remote of selectors?.remote ?? []) {
        if (local.prefix.address.family !== remote.prefix.address.family) continue;
        const one = local.service?.protocol ?? CONSTANTS.PROTO_ANY;
        const other = remote.service?.protocol ?? CONSTANTS.PROTO_ANY;
        if (one !== other && one !== CONSTANTS.PROTO_ANY && other !== CONSTANTS.PROTO_ANY) continue;
        const [sourceLow, sourceHigh] = local.service?.ports ?? [0, 65535];
        const [low, high] = remote.service?.ports ?? [0, 65535];
        section.add({
          source: addressBytes(local.prefix.address),
          destination: addressBytes(remote.prefix.address),
          iface: slotOf(slots.interfaces, name),
          protocol: Math.min(one, other),
          source_lo: sourceLow,
          source_hi: sourceHigh,
          destination_lo: low,
          destination_hi: high,
          family: local.prefix.address.family,
          source_length: local.prefix.length,
          destination_length: remote.prefix.length,
          reserved: 0,
        });
      }
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
  const { psk, ppk, certificate, ca, peerCertificate, clients, login } = tunnel;
  const text = JSON.stringify({
    ...tunnel,
    // Places, and what other fields say as charon takes it.
    ...{ at: null, from: null, selectors: null },
    psk: psk?.secret,
    ppk: ppk && { ...ppk, secret: ppk.secret.secret },
    certificate: certificate && [certificate.own.pem, certificate.key.secret],
    ca: ca.map(({ pem }) => pem),
    peerCertificate: peerCertificate?.pem,
    clients: clients && {
      ...clients,
      users: clients.users.map(({ name, password }) => [name, password.secret]),
    },
    login: login && { ...login, password: login.password?.secret },
  });
  digest.words(Buffer.from(text));
  return digest.end();
}
