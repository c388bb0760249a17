// SPDX-License-Identifier: BSD-3-Clause
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import type { SecretShown } from '../daemon/api/vpn.js';
import { columns } from '../diagnostics/columns.js';
import { EXIT, print } from './arguments.js';
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
    if (action === 'put') await api.post('/secrets', { name, value: await value() });
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
    ['tunnel', ({ tunnel }) => tunnel ?? '-'],
  ]);
}

/** All of stdin without the last line's end; at a terminal, a line that is not shown. */
async function value(): Promise<string> {
  if (process.stdin.isTTY) return prompted();
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

function prompted(): Promise<string> {
  process.stderr.write('secret: ');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve) => {
    lines.question('', (line) => {
      lines.close();
      process.stderr.write('\n');
      resolve(line);
    });
  });
}
