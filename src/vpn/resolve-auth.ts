// SPDX-License-Identifier: BSD-3-Clause
import type { Context } from '../rulefile/context.js';
import { itemsOf } from '../rulefile/schema.js';
import { readPem, type PemFile } from '../rulefile/pem.js';
import { secretUse, type SecretUse } from '../rulefile/secrets.js';
import type { Tunnel } from './model.js';
import type { TunnelConfig } from './schema.js';

export interface Authentication extends Pick<
  Tunnel,
  'psk' | 'ppk' | 'certificate' | 'ca' | 'peerCertificate' | 'login'
> {
  readonly users: NonNullable<Tunnel['clients']>['users'];
}

/** How both ends prove who they are; null after a report. */
export function resolveAuthentication(
  config: TunnelConfig,
  anyPeer: boolean,
  context: Context,
): Authentication | null {
  const use = (owner: { readonly secret: string }): SecretUse => secretUse(owner, context);
  const problem = formOf(config, anyPeer);
  if (problem !== null) {
    const [key, message] = problem;
    const span = key === null ? context.at(config) : context.at(config, key);
    context.report('vpn-form', span, message);
    return null;
  }
  const own = config.certificate && readPem(config, 'certificate', config.certificate, context);
  const peer =
    config['peer-certificate'] &&
    readPem(config, 'peer-certificate', config['peer-certificate'], context);
  const ca = itemsOf(config, 'ca', config.ca ?? []).map(({ text, owner, key }) =>
    readPem(owner, key, text, context),
  );
  if (own === null || peer === null || ca.includes(null)) return null;
  const { psk, key, ppk, login, clients } = config;
  return {
    psk: psk ? use(psk) : null,
    ppk: ppk ? { id: ppk.id, secret: use(ppk), required: ppk.required } : null,
    certificate: own && key ? { own, key: use(key) } : null,
    ca: ca as PemFile[],
    peerCertificate: peer || null,
    login: login
      ? {
          eap: login.eap,
          identity: login.identity ?? config['local-id'] ?? null,
          password: login.password ? use(login.password) : null,
        }
      : null,
    users: [...(clients?.users ?? [])].map(([name, password]) => ({
      name,
      password: use(password),
    })),
  };
}

type Problem = readonly [key: string | null, message: string];

/** What does not fit together; the first. */
function formOf(config: TunnelConfig, anyPeer: boolean): Problem | null {
  const { psk, certificate, key, ca, login, clients } = config;
  const trust = ca ?? config['peer-certificate'];
  if (psk !== undefined && (certificate ?? key ?? trust ?? login) !== undefined)
    return ['psk', 'a preshared key stands alone, without certificates or a login'];
  if (psk !== undefined && clients?.eap !== undefined)
    return ['psk', 'EAP needs a certificate of ours, no preshared key (RFC 7296 2.16)'];
  if (psk !== undefined) return null;
  if ((certificate === undefined) !== (key === undefined))
    return [
      certificate === undefined ? 'key' : 'certificate',
      certificate === undefined
        ? "'key' belongs to a certificate"
        : "a certificate needs its private key: 'key: {secret: NAME}'",
    ];
  if (login !== undefined && clients !== undefined)
    return ['login', "'login' is what a client does, 'clients' is who serves them"];
  if (login?.eap === 'mschapv2' && login.password === undefined)
    return ['login', "'eap: mschapv2' needs a password"];
  if (login?.eap === 'tls' && certificate === undefined)
    return ['login', "'eap: tls' needs 'certificate' and 'key'"];
  if (login !== undefined && anyPeer) return ['peer', 'a login needs a peer to go to'];
  if (certificate === undefined && login === undefined)
    return [null, "a tunnel needs 'psk', or 'certificate' with 'key', or 'login'"];
  if (clients?.eap === 'mschapv2' && (clients.users?.size ?? 0) === 0)
    return ['clients', "'eap: mschapv2' needs users"];
  if (clients?.eap === 'mschapv2') return null;
  return trust === undefined
    ? [null, "certificates of the peer need 'ca', or 'peer-certificate'"]
    : null;
}
