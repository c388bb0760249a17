// SPDX-License-Identifier: BSD-3-Clause
import type { Severity } from '../diagnostics/codes.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { quote } from '../diagnostics/text.js';
import { secretsOf, type Tunnel } from './model.js';

/** Secrets that tunnels name and nobody has stored: a warning where a file is checked, else an error. */
export function missingSecrets(
  tunnels: readonly Tunnel[],
  stored: readonly string[],
  severity: Severity,
): Diagnostic[] {
  const known = new Set(stored);
  return tunnels
    .flatMap(secretsOf)
    .filter(({ secret }) => !known.has(secret))
    .map(({ secret, at, excerpt }) => ({
      code: 'secret-missing',
      severity,
      message: `the secret ${quote(secret)} is not stored`,
      ...at,
      hint: `sluice secret put ${secret}`,
      related: [],
      excerpt,
    }));
}
