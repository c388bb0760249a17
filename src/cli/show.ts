// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { SESSION_FILTERS, SHOWS } from '../daemon/api/types.js';
import { EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';
import { filterOptions, filtersOf, filtersSynopsis } from './filters.js';

export const usage = {
  synopsis: `show ${SHOWS.join('|')} [--json]`,
  description: `What the running appliance has. \`show sessions\` takes filters: ${filtersSynopsis()}, and --limit N.`,
  options: [
    ...Object.entries(SESSION_FILTERS).map(
      ([name, meaning]) => [`--${name}`, `Sessions: ${meaning}.`] as const,
    ),
    ['--limit', 'Sessions or routes to show at the most; 1000 unless given, 0 for all.'],
    ['--json', 'One document on stdout.'],
  ],
} as const;

/** `sluice show WHAT`: exit 0, 1 refused, 2 usage, 4 away. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        limit: { type: 'string' },
        ...filterOptions(),
        ...RUN_DIR_OPTION,
      },
    });
    const [what, ...rest] = positionals;
    const known = SHOWS.find((name) => name === what);
    if (known === undefined || rest.length > 0) throw new UsageError('what to show?');
    const query: Record<string, string> = filtersOf(values);
    if (values.limit !== undefined) query['limit'] = values.limit;
    const allowed = known === 'sessions' ? null : known === 'routes' ? ['limit'] : [];
    const extra = Object.keys(query).find((name) => allowed?.includes(name) === false);
    if (extra !== undefined) throw new UsageError(`\`show ${known}\` takes no --${extra}`);
    const api = connect(values['run-dir']);
    const path = `/show/${known}`;
    const text = values.json
      ? `${JSON.stringify(await api.get(path, query))}\n`
      : await api.text(path, query);
    await print(text);
    return EXIT.ok;
  });
}
