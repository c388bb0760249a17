// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import type { SecretShown } from '../daemon/api/vpn.js';
import { columns } from '../diagnostics/columns.js';
import { EXIT, print } from './arguments.js';
import { readSecret } from './read-secret.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';

export const usage = {
  synopsis: 'secret put NAME|delete NAME|list [--json]',
  description:
    'Stores a secret that rule files name by `{secret: NAME}`: read from stdin, or asked for at a terminal. Nobody is told it again.',
  options: [['--json', 'One document on stdout.']],
} as const;

/** `sluice secret`: exit 0, 1 refused, 2 usage, 4 away. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, ...RUN_DIR_OPTION },
    });
    const [action, name, ...rest] = positionals;
    const api = connect(values['run-dir']);
    if (action === 'list' && name === undefined) {
      const answer = (await api.get('/secrets')) as { secrets: readonly SecretShown[] };
      await print(values.json ? `${JSON.stringify(answer)}\n` : table(answer.secrets));
      return EXIT.ok;
    }
    // A second word would be the secret itself, for all to see who list processes.
    if (name === undefined || rest.length > 0)
      throw new UsageError('a secret is read from stdin, never from the command line');
    if (action === 'put') await api.post('/secrets', { name, value: await readSecret('secret') });
    else if (action === 'delete') await api.delete(`/secrets/${encodeURIComponent(name)}`);
    else throw new UsageError('put, delete or list?');
    await print(
      values.json ? '{"ok":true}\n' : `${name}: ${action === 'put' ? 'stored' : 'deleted'}\n`,
    );
    return EXIT.ok;
  });
}

function table(secrets: readonly SecretShown[]): string {
  return columns(secrets, [
    ['secret', ({ name }) => name],
    ['stored', ({ stored }) => stored ?? 'missing'],
    ['needed by', ({ needed_by }) => needed_by ?? '-'],
  ]);
}
