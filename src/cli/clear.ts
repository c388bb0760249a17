// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { SESSION_FILTERS } from '../daemon/api/types.js';
import { EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';
import { filterOptions, filtersOf } from './filters.js';

export const usage = {
  synopsis: 'clear sessions [FILTERS | --all] [--json]',
  description: 'Ends sessions; without `--all` at least one filter is needed.',
  options: [
    ...Object.entries(SESSION_FILTERS).map(([name, meaning]) => [`--${name}`, meaning] as const),
    ['--all', 'Every session.'],
    ['--json', 'One document on stdout: cleared.'],
  ],
} as const;

/** `sluice clear sessions`: exit 0, 1 refused, 2 usage, 4 away. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        ...filterOptions(),
        ...RUN_DIR_OPTION,
      },
    });
    if (positionals.length !== 1 || positionals[0] !== 'sessions')
      throw new UsageError('what to clear?');
    const filters = filtersOf(values);
    const some = Object.keys(filters).length > 0;
    if (some === values.all) throw new UsageError('give filters, or --all alone');
    const api = connect(values['run-dir']);
    const { cleared } = (await api.post('/clear-sessions', filters)) as { cleared: number };
    await print(
      values.json
        ? `${JSON.stringify({ cleared })}\n`
        : `${cleared} session${cleared === 1 ? '' : 's'} cleared\n`,
    );
    return EXIT.ok;
  });
}
