// SPDX-License-Identifier: BSD-3-Clause
import type { X509Certificate } from 'node:crypto';
import { certificatesOf, oneLine, WARN_DAYS } from '../../net/certificate.js';
import { PkiError } from './keys.js';

export interface CertificateShown {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly key: string;
  readonly serial: string;
  readonly ca: boolean;
  /** ISO times. */
  readonly from: string;
  readonly to: string;
  readonly days_left: number;
  /** valid, expiring, expired or early. */
  readonly state: string;
  /** Why it does not come from the certificates it was held against; null where it does, or none were given. */
  readonly problem: string | null;
}

/** The certificates of a PEM file, each held against those that it may come from. */
export function describeFile(file: string, authorities: string | null): CertificateShown[] {
  const found = read(file);
  const trusted = authorities === null ? null : read(authorities);
  return found.map((one) => describe(one, found, trusted));
}

function read(file: string): X509Certificate[] {
  const found = certificatesOf(file);
  if (typeof found === 'string') throw new PkiError(found);
  return found.map(({ x509 }) => x509);
}

function describe(
  one: X509Certificate,
  between: readonly X509Certificate[],
  trusted: readonly X509Certificate[] | null,
): CertificateShown {
  const left = Date.parse(one.validTo) - Date.now();
  const early = Date.parse(one.validFrom) > Date.now();
  const days = Math.floor(left / 86_400_000);
  const state = left < 0 ? 'expired' : early ? 'early' : days < WARN_DAYS ? 'expiring' : 'valid';
  return {
    subject: oneLine(one.subject),
    issuer: oneLine(one.issuer),
    names: (one.subjectAltName ?? '').split(', ').filter((name) => name !== ''),
    key: keyOf(one),
    serial: one.serialNumber.toLowerCase(),
    ca: one.ca,
    from: new Date(one.validFrom).toISOString(),
    to: new Date(one.validTo).toISOString(),
    days_left: days,
    state,
    problem: trusted === null ? null : problemOf(one, between, trusted),
  };
}

/** Follows issuers up to a trusted one; each signature is checked by node:crypto. */
function problemOf(
  one: X509Certificate,
  between: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
): string | null {
  let at = one;
  for (let depth = 0; depth <= between.length; depth++) {
    if (trusted.some((root) => root.raw.equals(at.raw))) return null;
    const root = trusted.find((by) => isIssuer(by, at));
    if (root !== undefined) return timely(root) ? null : `'${oneLine(root.subject)}' has expired`;
    const next = between.find((by) => by !== at && isIssuer(by, at));
    if (next === undefined) return `nobody that is trusted has signed '${oneLine(at.subject)}'`;
    if (!timely(next)) return `'${oneLine(next.subject)}' has expired`;
    at = next;
  }
  return 'its issuers go in a circle';
}

function isIssuer(by: X509Certificate, one: X509Certificate): boolean {
  return by.ca && one.checkIssued(by) && one.verify(by.publicKey);
}

function timely(one: X509Certificate): boolean {
  return Date.parse(one.validTo) > Date.now();
}

function keyOf({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === 'rsa') return `RSA ${details?.modulusLength ?? 0}`;
  if (type === 'ec') return `ECDSA ${details?.namedCurve ?? ''}`;
  return type === 'ed25519' ? 'Ed25519' : (type ?? 'unknown');
}
