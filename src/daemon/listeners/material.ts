// SPDX-License-Identifier: BSD-3-Clause
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { quote } from '../../diagnostics/text.js';
import type { SecretUse } from '../../rulefile/secrets.js';
import type { Listener, User } from '../../system/model.js';
import { hashOfToken, type Access, type KnownToken } from './access.js';

/** Bytes a token has at least: fewer can be guessed. */
const LEAST_TOKEN = 16;

/** What a listener works with, secrets included. */
export interface Material {
  readonly tls: SecureContextOptions;
  readonly access: Access;
}

/** The material of a listener, or what is wrong with it. */
export function materialOf(
  listener: Listener,
  users: readonly User[],
  read: (secret: string) => string | null,
): Material | Diagnostic[] {
  const problems: Diagnostic[] = [];
  const refuse = (use: SecretUse, message: string): void => {
    problems.push(refused(use, message));
  };
  const key = read(listener.key.secret) ?? '';
  const why = keyProblem(key, listener.certificate.pem);
  if (why !== null)
    refuse(listener.key, `the secret ${quote(listener.key.secret)} ${why(listener)}`);
  const tokens = listener.tokens.flatMap(({ name, role, secret }): KnownToken[] => {
    const token = read(secret.secret) ?? '';
    if (!/^[!-~]*$/.test(token))
      refuse(secret, `the secret ${quote(secret.secret)} is no token: it has blanks or more`);
    else if (token.length < LEAST_TOKEN)
      refuse(secret, `the token ${quote(secret.secret)} has less than ${LEAST_TOKEN} bytes`);
    return [{ name, role, hash: hashOfToken(token) }];
  });
  if (problems.length > 0) return problems;
  const ca = listener.clients.map(({ pem }) => pem);
  const tls = {
    key,
    cert: listener.certificate.pem,
    ...(ca.length === 0 ? {} : { ca }),
    minVersion: 'TLSv1.2',
  } as const;
  return { tls, access: { tokens, certificates: ca.length > 0, users } };
}

export function refused(
  { at, excerpt }: Pick<SecretUse, 'at' | 'excerpt'>,
  message: string,
): Diagnostic {
  const code = 'listener-refused';
  return { code, severity: 'error', message, ...at, hint: null, related: [], excerpt };
}

/** What is wrong with a private key; nothing of the key is in it. */
function keyProblem(key: string, certificate: string): ((listener: Listener) => string) | null {
  let parsed;
  try {
    parsed = createPrivateKey(key);
  } catch {
    return () => 'is no private key in PEM without a passphrase';
  }
  if (new X509Certificate(certificate).checkPrivateKey(parsed)) return null;
  return (listener) => `is not the private key of ${quote(listener.certificate.file)}`;
}
