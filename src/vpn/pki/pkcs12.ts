// SPDX-License-Identifier: BSD-3-Clause
import { createPrivateKey, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import {
  decode,
  encode,
  integer,
  nothing,
  object,
  octets,
  pem,
  sequence,
  set,
  tagged,
  type Der,
} from './der.js';
import { keyId, PkiError } from './keys.js';

const DATA = '1.2.840.113549.1.7.1';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const PLAIN_KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const X509_BAG = '1.2.840.113549.1.9.22.1';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
const SHA256 = '2.16.840.1.101.3.4.2.1';
const ROUNDS = 10_000;

export interface Bundle {
  readonly key: KeyObject;
  readonly own: X509Certificate;
  readonly others: readonly X509Certificate[];
}

/**
 * A key with its certificates in PKCS#12 (RFC 7292), the key under AES-256 with PBKDF2. forge writes
 * RSA keys alone; the parts are its own, for any key.
 */
export function writePkcs12({ key, own, others }: Bundle, password: string): Buffer {
  const mark = set(sequence(object(LOCAL_KEY_ID), set(octets(keyId(key)))));
  const certificates = [own, ...others].map((one, i) =>
    sequence(
      object(CERTIFICATE_BAG),
      tagged(0, sequence(object(X509_BAG), tagged(0, octets(one.raw)))),
      ...(i === 0 ? [mark] : []),
    ),
  );
  const info = decode(key.export({ type: 'pkcs8', format: 'der' }));
  const sealed = forge.pki.encryptPrivateKeyInfo(info, password, {
    algorithm: 'aes256',
    count: ROUNDS,
    saltSize: 16,
    prfAlgorithm: 'sha256',
  });
  const bag = sequence(object(KEY_BAG), tagged(0, sealed), mark);
  const content = (der: Der): Der => sequence(object(DATA), tagged(0, octets(encode(der))));
  const safe = sequence(content(sequence(...certificates)), content(sequence(bag)));
  return encode(sequence(integer(3), content(safe), macOf(encode(safe), password)));
}

/** RFC 7292 appendix B: key material 3 is that of the MAC. */
function macOf(bytes: Buffer, password: string): Der {
  const salt = randomBytes(16);
  const generate = (
    forge.pki as unknown as {
      pbe: {
        generatePkcs12Key: (...of: unknown[]) => forge.util.ByteBuffer;
      };
    }
  ).pbe.generatePkcs12Key;
  const binary = forge.util.createBuffer(salt.toString('latin1'));
  const key = generate(password, binary, 3, ROUNDS, 32, forge.md.sha256.create());
  const mac = forge.hmac.create();
  mac.start('sha256', key);
  mac.update(bytes.toString('latin1'));
  const digest = Buffer.from(mac.digest().getBytes(), 'latin1');
  const rounds = Buffer.from([ROUNDS >> 8, ROUNDS & 255]);
  const algorithm = sequence(object(SHA256), nothing());
  return sequence(sequence(algorithm, octets(digest)), octets(salt), integer(rounds));
}

/** The key of a PKCS#12 file, its certificate, and those that come along. */
export function readPkcs12(bytes: Buffer, password: string): Bundle {
  try {
    return partsOf(bytes, password);
  } catch (error) {
    if (error instanceof PkiError) throw error;
    throw new PkiError(`it cannot be read: ${(error as Error).message}`);
  }
}

function partsOf(bytes: Buffer, password: string): Bundle {
  const keys: KeyObject[] = [];
  const certificates: X509Certificate[] = [];
  for (const bag of bagsOf(bytes, password)) {
    const { type, cert, key, asn1: plain } = bag;
    if (type === CERTIFICATE_BAG) {
      const der = cert ? forge.pki.certificateToAsn1(cert) : plain;
      certificates.push(new X509Certificate(encode(der)));
    } else if (type === KEY_BAG || type === PLAIN_KEY_BAG) {
      const der = key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)) : plain;
      keys.push(createPrivateKey(pem('PRIVATE KEY', encode(der))));
    }
  }
  const [key] = keys;
  if (key === undefined) throw new PkiError('it has no private key');
  const own = certificates.find((one) => one.checkPrivateKey(key));
  if (own === undefined) throw new PkiError('it has no certificate of its private key');
  return { key, own, others: certificates.filter((one) => one !== own) };
}

function bagsOf(bytes: Buffer, password: string): forge.pkcs12.Bag[] {
  const file = forge.pkcs12.pkcs12FromAsn1(decode(bytes), false, password);
  return file.safeContents.flatMap(({ safeBags }) => safeBags);
}
