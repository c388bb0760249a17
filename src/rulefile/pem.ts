// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { quote } from '../diagnostics/text.js';
import { certificatesOf, WARN_DAYS } from '../net/certificate.js';
import type { Context } from './context.js';
import { withWords } from './schema.js';

/** A certificate or several of one file, as PEM. */
export interface PemFile {
  readonly file: string;
  readonly pem: string;
}

export const pemSchema = withWords(z.string().regex(/./), {
  what: 'the path of a PEM file',
  file: true,
});

/** The certificates of a PEM file; null after a report. */
export function readPem(
  owner: object,
  key: string | number,
  file: string,
  context: Context,
): PemFile | null {
  const pem = context.text(file)?.text;
  // A file that could not be read was reported then.
  if (pem === undefined) return null;
  const certificates = certificatesOf(pem);
  if (typeof certificates === 'string') {
    const message = `${quote(file)} is no certificate: ${certificates}`;
    context.report('certificate-invalid', context.at(owner, key), message);
    return null;
  }
  const now = Date.now();
  for (const { subject, validFrom, validTo } of certificates) {
    if (now > validTo) {
      const message = `the certificate of ${quote(subject)} expired on ${day(validTo)}`;
      context.report('certificate-expired', context.at(owner, key), message);
    } else if (now < validFrom) {
      const message = `the certificate of ${quote(subject)} is valid from ${day(validFrom)} on`;
      context.report('certificate-expired', context.at(owner, key), message);
    } else if (validTo - now < WARN_DAYS * 86_400_000) {
      const message = `the certificate of ${quote(subject)} expires on ${day(validTo)}`;
      context.report('certificate-expiring', context.at(owner, key), message);
    }
  }
  return { file, pem };
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
