// SPDX-License-Identifier: BSD-3-Clause
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
  verify as verifyBytes,
  type KeyObject,
} from 'node:crypto';
import { encode, nothing, object, sequence, type Der } from './der.js';

/** What a key, a request or a file cannot be; the message is for the user. */
export class PkiError extends Error {}

export const KEY_KINDS = ['rsa', 'ecdsa', 'ed25519'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** RSA 3072, ECDSA on P-256, or Ed25519: 128 bits each (NIST SP 800-57). */
export function newKey(kind: KeyKind): KeyObject {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey;
  if (kind === 'ecdsa') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return generateKeyPairSync('ed25519').privateKey;
}

interface Algorithm {
  readonly identifier: Der;
  readonly digest: string | null;
}

/** How a key signs: RFC 4055, RFC 5758, RFC 8410. */
export function algorithmOf(key: KeyObject): Algorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa')
    return {
      identifier: sequence(object('1.2.840.113549.1.1.11'), nothing()),
      digest: 'sha256',
    };
  if (type === 'ec') {
    const wide = details?.namedCurve === 'secp384r1' || details?.namedCurve === 'secp521r1';
    const id = `1.2.840.10045.4.3.${wide ? 3 : 2}`;
    return { identifier: sequence(object(id)), digest: wide ? 'sha384' : 'sha256' };
  }
  if (type === 'ed25519') return { identifier: sequence(object('1.3.101.112')), digest: null };
  throw new PkiError(`a key of ${type ?? 'no type'} signs nothing here`);
}

export function sign(body: Der, key: KeyObject): Buffer {
  return signBytes(algorithmOf(key).digest, encode(body), key);
}

export function isSigned(body: Buffer, signature: Buffer, by: KeyObject): boolean {
  return verifyBytes(algorithmOf(by).digest, body, by, signature);
}

export function publicDer(key: KeyObject): Buffer {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return half.export({ type: 'spki', format: 'der' });
}

export function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** RFC 7093 2, method 1 over the whole SubjectPublicKeyInfo: it only has to tell keys apart. */
export function keyId(key: KeyObject): Buffer {
  return createHash('sha256').update(publicDer(key)).digest().subarray(0, 20);
}
