// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { withWords } from '../rulefile/schema.js';
import { secretSchema } from '../rulefile/secrets.js';
import { PUBLIC_KEY } from './model.js';

export const archiveSchema = withWords(
  z.strictObject({
    directory: withWords(z.string().regex(/^\//).max(4096), { what: 'an absolute path' })
      .optional()
      .describe('A directory of the appliance that gets a folder for each commit.'),
    git: withWords(z.string().max(2048), { what: 'a git remote' })
      .optional()
      .describe(
        'A git remote that gets each commit as one of its own: `ssh://git@HOST/PATH`, `https://HOST/PATH`, `file:///PATH`.',
      ),
    branch: withWords(
      z
        .string()
        .regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]*$/)
        .max(200),
      { what: 'a branch' },
    )
      .default('main')
      .describe('Its branch.'),
    key: secretSchema.optional().describe('The private key of SSH to reach it.'),
    'host-keys': z
      .array(withWords(z.string().regex(PUBLIC_KEY).max(8192), { what: 'a public key of SSH' }))
      .optional()
      .describe('Public keys that its SSH server shows; those root knows hold unless given.'),
    user: withWords(
      z
        .string()
        .regex(/^[^:\s]+$/)
        .max(128),
      { what: 'a user name' },
    )
      .default('git')
      .describe('Who `password` is of.'),
    password: secretSchema.optional().describe('The password or token for `https://`.'),
  }),
  { what: 'an archive' },
);
