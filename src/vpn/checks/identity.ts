// SPDX-License-Identifier: BSD-3-Clause
import { quote } from '../../diagnostics/text.js';
import type { Context } from '../../rulefile/context.js';
import { certificatesOf } from '../../net/certificate.js';
import type { ResolvedTunnel } from '../resolve.js';

/** A name or address that we call ourselves is in our certificate, or the peer will not believe it. */
export function checkIdentity(tunnels: readonly ResolvedTunnel[], context: Context): void {
  for (const { config, tunnel } of tunnels) {
    const { certificate, localId } = tunnel;
    if (certificate === null || localId === null) continue;
    // Distinguished names, and those that say of what kind they are, have many forms.
    if (/[=:*%]/.test(localId)) continue;
    const list = certificatesOf(certificate.own.pem);
    const [first] = typeof list === 'string' ? [] : list;
    if (first === undefined) continue;
    const names = namesOf(first.x509.subjectAltName);
    if (names.has(localId)) continue;
    const message = `the certificate of ${quote(first.subject)} is not for ${quote(localId)}`;
    const others = [...names].join(', ');
    context.report('vpn-identity', context.at(config, 'local-id'), message, {
      hint: others === '' ? 'it has no subjectAltName: leave out local-id' : `it is for ${others}`,
    });
  }
}

/** `DNS:a.example, IP Address:192.0.2.1, email:x@a.example` without the kinds. */
function namesOf(alternative: string | undefined): Set<string> {
  const kinds = /^(?:DNS|IP Address|email):/;
  const parts = (alternative ?? '').split(', ').filter((one) => kinds.test(one));
  return new Set(parts.map((one) => one.replace(kinds, '')));
}
