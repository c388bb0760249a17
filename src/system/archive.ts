// SPDX-License-Identifier: BSD-3-Clause
import type { z } from 'zod';
import type { Context } from '../rulefile/context.js';
import type { Loaded } from '../rulefile/schema.js';
import { secretUse } from '../rulefile/secrets.js';
import type { archiveSchema } from './archive-schema.js';
import type { Archive } from './model.js';

type ArchiveConfig = Loaded<z.infer<typeof archiveSchema>>;

/** Remotes that git reaches without a program of somebody else's. */
const PROTOCOLS = ['ssh', 'https', 'http', 'git', 'file'];

/** Where commits are kept too; what is wrong with it is reported. */
export function resolveArchives(configs: readonly ArchiveConfig[], context: Context): Archive[] {
  return configs.flatMap((one): Archive[] => {
    const { directory, git } = one;
    if (directory !== undefined && git !== undefined) {
      const message = "an archive is a 'directory' or a 'git' remote, not both";
      context.report('wrong-value', context.at(one, 'git'), message);
      return [];
    }
    if (directory !== undefined) return [{ kind: 'directory', directory }];
    if (git === undefined) {
      const message = "an archive needs the key 'directory' or 'git'";
      context.report('missing-key', context.at(one), message);
      return [];
    }
    const problem = urlProblem(git);
    if (problem !== null) {
      context.report('wrong-value', context.at(one, 'git'), `that is no git remote: ${problem}`);
      return [];
    }
    const { branch, key, user, password } = one;
    return [
      {
        kind: 'git',
        url: git,
        branch,
        key: key === undefined ? null : secretUse(key, context),
        hostKeys: (one['host-keys'] ?? []).map((text) => text.split(' ', 2).join(' ')),
        login: password === undefined ? null : { user, password: secretUse(password, context) },
      },
    ];
  });
}

/** What is wrong with the URL of a remote; nothing of a password is in it. */
function urlProblem(text: string): string | null {
  let url;
  try {
    url = new URL(text);
  } catch {
    return 'it begins with a protocol like ssh://';
  }
  const protocol = url.protocol.slice(0, -1);
  if (!PROTOCOLS.includes(protocol)) return `the protocol is one of ${PROTOCOLS.join(', ')}`;
  if (url.password !== '') return "a password does not stand in a rule file: use 'password'";
  if (url.pathname === '' || url.pathname === '/') return 'it names no repository';
  return null;
}
