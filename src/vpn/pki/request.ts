// SPDX-License-Identifier: BSD-3-Clause
import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  bits,
  decode,
  encode,
  integer,
  object,
  octets,
  pem,
  sequence,
  set,
  tagged,
  unPem,
  type Der,
} from './der.js';
import { algorithmOf, isSigned, PkiError, publicDer, sign } from './keys.js';
import { alternativeOf, nameOf } from './names.js';

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
export const ALTERNATIVES = '2.5.29.17';

/** What a request asks for, its signature checked. */
export interface Request {
  readonly subject: Der;
  readonly key: KeyObject;
  /** The extension's value, names and all; null without any. */
  readonly alternatives: Buffer | null;
}

/** A certificate request of PKCS#10 (RFC 2986). */
export function makeRequest(subject: string, names: readonly string[], key: KeyObject): string {
  const wanted = sequence(object(ALTERNATIVES), octets(encode(alternatives(names))));
  const attributes =
    names.length === 0 ? [] : [sequence(object(EXTENSION_REQUEST), set(sequence(wanted)))];
  const body = sequence(
    integer(0),
    nameOf(subject),
    decode(publicDer(key)),
    tagged(0, ...attributes),
  );
  const signed = sequence(body, algorithmOf(key).identifier, bits(sign(body, key)));
  return pem('CERTIFICATE REQUEST', encode(signed));
}

export function alternatives(names: readonly string[]): Der {
  return sequence(...names.map(alternativeOf));
}

/** Reads a request; one that its own key has not signed is none. */
export function readRequest(file: string): Request {
  const bytes = unPem('CERTIFICATE REQUEST', file);
  if (bytes === null) throw new PkiError('it has no PEM block of a certificate request');
  try {
    const [body, , signature] = partsOf(decode(bytes));
    const [, subject, spki, attributes] = partsOf(body);
    if (subject === undefined || spki === undefined) throw new Error('parts are missing');
    const key = createPublicKey({ key: encode(spki), type: 'spki', format: 'der' });
    const proof = bytesOf(signature).subarray(1);
    if (!isSigned(encode(body as Der), proof, key)) throw new Error('its key has not signed it');
    const whole = sequence(body as Der, algorithmOf(key).identifier, bits(proof));
    if (!encode(whole).equals(bytes)) throw new Error('it is not signed as keys of its kind sign');
    return { subject, key, alternatives: alternativesOf(attributes) };
  } catch (error) {
    if (error instanceof PkiError) throw error;
    throw new PkiError(`it is no certificate request: ${(error as Error).message}`);
  }
}

function alternativesOf(attributes: Der | undefined): Buffer | null {
  for (const attribute of partsOf(attributes)) {
    const [id, values] = partsOf(attribute);
    if (encode(id as Der).compare(encode(object(EXTENSION_REQUEST))) !== 0) continue;
    for (const extension of partsOf(partsOf(values)[0])) {
      const parts = partsOf(extension);
      if (encode(parts[0] as Der).compare(encode(object(ALTERNATIVES))) === 0)
        return bytesOf(parts.at(-1));
    }
  }
  return null;
}

function partsOf(der: Der | undefined): Der[] {
  return Array.isArray(der?.value) ? der.value : [];
}

/** The bytes of a string, also where forge has looked for elements in it. */
function bytesOf(der: Der | undefined): Buffer {
  if (der === undefined) throw new Error('parts are missing');
  const whole = encode(der);
  const long = whole[1] ?? 0;
  return whole.subarray(long < 128 ? 2 : 2 + (long & 127));
}
