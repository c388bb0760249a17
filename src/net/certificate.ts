// SPDX-License-Identifier: BSD-3-Clause
import { X509Certificate } from 'node:crypto';

/** Days before its end that a certificate is warned of. */
export const WARN_DAYS = 30;

export interface Certificate {
  readonly subject: string;
  /** ms since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
  readonly der: Buffer;
  readonly x509: X509Certificate;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates in a PEM text, in their order; a string says why there are none. */
export function certificatesOf(pem: string): Certificate[] | string {
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) return 'it has no PEM block of a certificate';
  const found: Certificate[] = [];
  for (const block of blocks) {
    try {
      const x509 = new X509Certificate(block);
      found.push({
        subject: oneLine(x509.subject),
        validFrom: Date.parse(x509.validFrom),
        validTo: Date.parse(x509.validTo),
        der: x509.raw,
        x509,
      });
    } catch {
      return 'its PEM block holds no X.509 certificate';
    }
  }
  return found;
}

/** A name as node:crypto gives it, on a line. */
export function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}
