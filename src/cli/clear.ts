// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { SESSION_FILTERS } from '../daemon/api/types.js';
import { EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';
import { sessionFilters } from './filters.js';

export const usage = {
  synopsis: 'clear sessions [FILTERS | --all] [--dry-run] [--json]',
  description: 'Ends sessions; without `--all` at least one filter is needed.',
  options: [
    ...Object.entries(SESSION_FILTERS).map(([name, meaning]) => [`--${name}`, meaning] as const),
    ['--all', 'Every session.'],
    ['--dry-run', 'End nothing, say how many it would be.'],
    ['--json', 'One document on stdout: cleared; with --dry-run also fitting.'],
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
        'dry-run': { type: 'boolean', default: false },
        ...sessionFilters.options(),
        ...RUN_DIR_OPTION,
      },
    });
    if (positionals.length !== 1 || positionals[0] !== 'sessions')
      throw new UsageError('what to clear?');
    const filters = sessionFilters.of(values);
    const some = Object.keys(filters).length > 0;
    if (some === values.all) throw new UsageError('give filters, or --all alone');
    const api = connect(values['run-dir']);
    const path = values['dry-run'] ? '/clear-sessions?dry-run' : '/clear-sessions';
    const answer = (await api.post(path, filters)) as { cleared: number; fitting?: number };
    const { cleared, fitting } = answer;
    const text =
      fitting === undefined ? `${sessions(cleared)} cleared` : `${sessions(fitting)} would end`;
    await print(values.json ? `${JSON.stringify(answer)}\n` : `${text}\n`);
    return EXIT.ok;
  });
}

function sessions(count: number): string {
  return `${count} session${count === 1 ? '' : 's'}`;
}
