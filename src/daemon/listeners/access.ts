// SPDX-License-Identifier: BSD-3-Clause
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Role, User } from '../../system/model.js';
import { RequestError, type Asker } from '../http/route.js';

/** A token as it is kept: what it hashes to. */
export interface KnownToken {
  readonly name: string;
  readonly role: Role;
  readonly hash: Buffer;
}

export interface Access {
  readonly tokens: readonly KnownToken[];
  /** Certificates of clients are asked for. */
  readonly certificates: boolean;
  readonly users: readonly User[];
}

/** Hashes have one length, so that comparing them tells nothing of what was hashed. */
export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Who asks over TLS: by a token where one is sent, else by the certificate of the connection. */
export function askerOverTls(request: IncomingMessage, access: Access): Asker {
  const { socket } = request;
  if (!(socket instanceof TLSSocket)) throw new RequestError(403, 'this is no TLS');
  const from = socket.remoteAddress ?? 'unknown';
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const given = hashOfToken(/^Bearer +([!-~]+) *$/i.exec(authorization)?.[1] ?? '');
    let found: KnownToken | null = null;
    for (const token of access.tokens) if (timingSafeEqual(given, token.hash)) found = token;
    if (found === null) throw new RequestError(401, 'the token is none of ours');
    return { user: found.name, from, role: found.role };
  }
  if (!access.certificates || !socket.authorized)
    throw new RequestError(401, refusalOf(access, socket));
  const { CN } = socket.getPeerCertificate().subject;
  const role = CN === 'admin' ? 'admin' : access.users.find(({ name }) => name === CN)?.role;
  if (role === undefined)
    throw new RequestError(403, 'the common name of the certificate is no user of the appliance');
  return { user: String(CN), from, role };
}

function refusalOf({ tokens, certificates }: Access, socket: TLSSocket): string {
  const ways = [
    ...(tokens.length > 0 ? ['a bearer token'] : []),
    ...(certificates ? ['a certificate'] : []),
  ];
  // A word of OpenSSL's, whatever its type is declared to be.
  const reason = socket.authorizationError as unknown;
  const shown = typeof reason === 'string' && reason !== NO_CERTIFICATE;
  const why = certificates && shown ? `; the certificate is refused: ${reason}` : '';
  return `it takes ${ways.join(' or ')}${why}`;
}

/** OpenSSL's word for a client that shows none. */
const NO_CERTIFICATE = 'UNABLE_TO_GET_ISSUER_CERT';
