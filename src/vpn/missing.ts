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

/** Policy-based tunnels: nothing leads packets into them by their selectors yet, and routes would in clear. */
export function unledTunnels(tunnels: readonly Tunnel[]): Diagnostic[] {
  return tunnels
    .filter(({ policyBased }) => policyBased)
    .map(({ name, at }) => ({
      code: 'not-built',
      severity: 'error',
      message: `tunnel ${quote(name)} is policy-based, and selectors do not lead packets into tunnels yet`,
      ...at,
      hint: 'give it an interface with `tunnel`, and routes',
      related: [],
      excerpt: null,
    }));
}
