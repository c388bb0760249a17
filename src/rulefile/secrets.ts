// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import type { Severity } from '../diagnostics/codes.js';
import type { Diagnostic, Excerpt } from '../diagnostics/diagnostic.js';
import type { Position } from '../diagnostics/position.js';
import { quote } from '../diagnostics/text.js';
import type { Context } from './context.js';
import { referenceSchema, withWords } from './schema.js';

/** Where a rule file names a secret. */
export interface SecretUse {
  readonly secret: string;
  readonly at: Position;
  readonly excerpt: Excerpt;
}

/** A secret by its name: what it is never stands in a rule file. */
export const secretSchema = withWords(
  z.strictObject({
    secret: referenceSchema('the name of a secret', 'secrets').describe(
      'Its name; `sluice secret put NAME` stores it on the appliance.',
    ),
  }),
  { what: 'a secret like {secret: NAME}' },
);

/** The secret that a loaded object names. */
export function secretUse(owner: { readonly secret: string }, context: Context): SecretUse {
  const { secret } = owner;
  return {
    secret,
    at: context.position(owner, 'secret'),
    excerpt: context.excerpt(owner, 'secret'),
  };
}

/** Secrets that are named and nobody has stored: a warning where a file is checked, else an error. */
export function missingSecrets(
  uses: readonly SecretUse[],
  stored: readonly string[],
  severity: Severity,
): Diagnostic[] {
  const known = new Set(stored);
  return uses
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
