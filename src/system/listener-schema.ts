// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { pemSchema } from '../rulefile/pem.js';
import { oneOrMany, withWords } from '../rulefile/schema.js';
import { secretSchema } from '../rulefile/secrets.js';
import { ROLES } from './model.js';

const endpoint = withWords(z.string().max(64), { what: 'an address with a port' });

/** What every listener has. */
const common = (port: number) => ({
  listen: oneOrMany(endpoint).describe(
    `Addresses of the appliance with a port: \`192.0.2.10:${port}\`, \`"[2001:db8::10]:${port}"\`; \`0.0.0.0\` and \`[::]\` are all of them.`,
  ),
  certificate: pemSchema.describe(
    'Its certificate, and those between it and the root: a PEM file.',
  ),
  key: secretSchema.describe('The private key of `certificate`.'),
});

const token = withWords(
  z.strictObject({
    role: withWords(z.enum(ROLES), { what: '`viewer`, `operator` or `admin`' })
      .default('viewer')
      .describe('What its bearer may do, as of users. `viewer` unless given.'),
    token: secretSchema.describe('What `Authorization: Bearer` has to say; 16 bytes or more.'),
  }),
  { what: 'a token' },
);

export const apiSchema = withWords(
  z.strictObject({
    ...common(8443),
    clients: oneOrMany(pemSchema)
      .optional()
      .describe(
        'Certificates that those of clients have to come from: PEM files. The common name is a user of `users`, or `admin`.',
      ),
    tokens: z
      .record(
        withWords(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}$/), {
          what: 'a name of a token',
          code: 'name-invalid',
        }),
        token,
      )
      .optional()
      .describe('Bearer tokens by a name, which the audit log tells.'),
  }),
  { what: 'a listener of the API' },
).describe('The API over TLS, beside its Unix socket; off unless given.');

export const metricsSchema = withWords(
  z.strictObject({
    ...common(9443),
    token: secretSchema.describe('What `Authorization: Bearer` has to say; 16 bytes or more.'),
  }),
  { what: 'a listener of metrics' },
).describe('`GET /metrics` over TLS, and nothing else; off unless given.');
