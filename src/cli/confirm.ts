// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import type { Confirmed } from '../daemon/api/types.js';
import { EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';

export const usage = {
  synopsis: 'confirm [--json]',
  description: 'Keeps what `apply --confirm` brought into force.',
  options: [['--json', 'One document on stdout: generation.']],
} as const;

/** `sluice confirm`: exit 0, 1 where nothing waits, 2 usage, 4 away. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, ...RUN_DIR_OPTION },
    });
    if (positionals.length > 0) throw new UsageError('confirm takes no arguments');
    const confirmed = (await connect(values['run-dir']).post('/confirm', {})) as Confirmed;
    await print(
      values.json
        ? `${JSON.stringify(confirmed)}\n`
        : `generation ${confirmed.generation} is confirmed\n`,
    );
    return EXIT.ok;
  });
}
