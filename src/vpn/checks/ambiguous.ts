// SPDX-License-Identifier: BSD-3-Clause
import type { Context } from '../../rulefile/context.js';
import type { Tunnel } from '../model.js';
import type { ResolvedTunnel } from '../resolve.js';
import type { VpnPart } from '../schema.js';

/** IKE can tell tunnels apart before it asks for proofs: by addresses and identities. */
export function checkAmbiguous(
  { vpn }: VpnPart,
  tunnels: readonly ResolvedTunnel[],
  context: Context,
): void {
  const seen = new Map<string, Tunnel>();
  for (const { tunnel } of tunnels) {
    const { peers, localAddress, localId, remoteId, name } = tunnel;
    const key = JSON.stringify([[...peers].sort(), localAddress, localId, remoteId]);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, tunnel);
    else if (proofOf(first) !== proofOf(tunnel)) {
      const span = context.atKey(vpn?.tunnels as object, name);
      const message = `'${name}' and '${first.name}' have the same peer and identities, but other proofs`;
      context.report('vpn-ambiguous', span, message, {
        hint: 'give each a local-id and a remote-id',
      });
    }
  }
}

function proofOf({ psk, certificate, ca, login, clients }: Tunnel): string {
  return JSON.stringify([
    psk?.secret,
    certificate?.own.file,
    ca.map(({ file }) => file),
    login?.identity,
    clients?.eap,
  ]);
}
