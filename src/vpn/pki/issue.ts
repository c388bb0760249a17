// SPDX-License-Identifier: BSD-3-Clause
import { createPrivateKey, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import {
  bits,
  boolean,
  decode,
  encode,
  integer,
  object,
  octets,
  pem,
  sequence,
  tagged,
  taggedBytes,
  time,
  type Der,
} from './der.js';
import { algorithmOf, keyId, PkiError, publicDer, sign } from './keys.js';
import { nameOf } from './names.js';
import { ALTERNATIVES, type Request } from './request.js';

const DAY = 86_400_000;
const USE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

/** Who signs: a certificate and its private key. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** A CA of its own, which signs itself. */
export function makeAuthority(subject: string, key: KeyObject, days: number): string {
  const name = nameOf(subject);
  const extensions = [
    extension('2.5.29.19', sequence(boolean(true)), true),
    // keyCertSign, cRLSign
    extension('2.5.29.15', bits(Buffer.from([0x06]), 1), true),
    extension('2.5.29.14', octets(keyId(key))),
  ];
  return certificate(name, name, publicDer(key), key, days, extensions);
}

/** A certificate for a tunnel's end, or a client of one, by an authority. */
export function issue(request: Request, { certificate: ca, key }: Authority, days: number): string {
  const usage = request.key.asymmetricKeyType === 'rsa' ? [0xa0, 5] : [0x80, 7];
  const extensions = [
    extension('2.5.29.19', sequence(), true),
    // digitalSignature, and keyEncipherment where a key can
    extension('2.5.29.15', bits(Buffer.from([usage[0] as number]), usage[1]), true),
    extension('2.5.29.37', sequence(object(USE.server), object(USE.client))),
    extension('2.5.29.14', octets(keyId(request.key))),
    extension('2.5.29.35', sequence(taggedBytes(0, subjectKeyId(ca)))),
  ];
  if (request.alternatives !== null)
    extensions.push(sequence(object(ALTERNATIVES), octets(request.alternatives)));
  const last = Date.parse(ca.validTo) - Date.now();
  if (last < days * DAY)
    throw new PkiError(`the CA itself ends in ${Math.max(0, Math.floor(last / DAY))} days`);
  return certificate(request.subject, subjectOf(ca), publicDer(request.key), key, days, extensions);
}

/** An authority of what its files have. */
export function readAuthority(certificatePem: string, keyPem: string): Authority {
  const certificate = new X509Certificate(certificatePem);
  const key = createPrivateKey(keyPem);
  if (!certificate.ca) throw new PkiError('its certificate is not that of a CA');
  if (!certificate.checkPrivateKey(key))
    throw new PkiError('certificate and private key of the CA do not belong together');
  return { certificate, key };
}

function certificate(
  subject: Der,
  issuer: Der,
  spki: Buffer,
  key: KeyObject,
  days: number,
  extensions: readonly Der[],
): string {
  const now = Date.now();
  // Positive, and 127 random bits (RFC 5280 4.1.2.2).
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    tagged(0, integer(2)),
    integer(serial),
    algorithmOf(key).identifier,
    issuer,
    // Clocks of others may be behind ours.
    sequence(time(new Date(now - 300_000)), time(new Date(now + days * DAY))),
    subject,
    decode(spki),
    tagged(3, sequence(...extensions)),
  );
  const signed = sequence(body, algorithmOf(key).identifier, bits(sign(body, key)));
  return pem('CERTIFICATE', encode(signed));
}

function extension(id: string, value: Der, critical = false): Der {
  const marks = critical ? [boolean(true)] : [];
  return sequence(object(id), ...marks, octets(encode(value)));
}

/** The subject of a certificate, byte by byte as it is there: issuers are compared so. */
function subjectOf(ca: X509Certificate): Der {
  const subject = bodyOf(ca)[5];
  if (subject === undefined) throw new PkiError('the CA has a certificate of X.509 v1');
  return subject;
}

/** What it says of its key, or what we would. */
function subjectKeyId(ca: X509Certificate): Buffer {
  const head = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04]);
  const raw = ca.raw;
  const at = raw.indexOf(head);
  const length = raw[at + head.length + 2] ?? 0;
  const start = at + head.length + 3;
  return at < 0 ? keyId(ca.publicKey) : raw.subarray(start, start + length);
}

function bodyOf(ca: X509Certificate): Der[] {
  const [body] = decode(ca.raw).value as Der[];
  return body?.value as Der[];
}
