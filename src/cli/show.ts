// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import type { ApiClient } from '../daemon/api/client.js';
import { logLine } from '../daemon/api/log-text.js';
import { SESSION_FILTERS, SHOWS, type LogShown } from '../daemon/api/types.js';
import { EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';
import { sessionFilters } from './filters.js';
import { quoted } from './shell/words.js';

/** What the shell shows beside. */
const OF_SHELL = ['configuration', 'commits', 'candidates', 'system', 'tech'];

export const usage = {
  synopsis: `show ${[...SHOWS, ...OF_SHELL].join('|')} [--json] ['|' FILTER]...`,
  description: `What the running appliance has. \`configuration\` takes a path, as in the shell (\`show configuration policies\`), and \`--set\`; pipes in quotes are the shell's: \`show rules '| match web | count'\`. \`show sessions\` and \`show log\` take filters: ${sessionFilters.synopsis()}.`,
  options: [
    ...Object.entries(SESSION_FILTERS).map(
      ([name, meaning]) => [`--${name}`, `Sessions, log: ${meaning}.`] as const,
    ),
    ['--last', 'Log: so many of the last records, 100 unless given, 0 for all that are kept.'],
    ['--follow', 'Log: go on with records as they come; with --json a JSON document a line.'],
    ['--limit', 'Sessions or routes to show at the most; 1000 unless given, 0 for all.'],
    ['--json', 'One document on stdout.'],
    ['--set', 'Configuration: as the set commands that make it.'],
  ],
} as const;

/** What the shell has, in its words; null where it is not asked. */
function lineOf(args: readonly string[]): { line: string; runDir: string | undefined } | null {
  const [what = ''] = args;
  if (!OF_SHELL.includes(what) && !args.some((one) => one.startsWith('|'))) return null;
  const words: string[] = [];
  const pipes: string[] = [];
  let runDir: string | undefined;
  for (let i = 0; i < args.length; i++) {
    const one = args[i] ?? '';
    if (one === '--json') pipes.push('| json');
    else if (one === '--set') pipes.push('| display set');
    else if (one === '--run-dir') runDir = args[++i];
    else if (one.startsWith('|') || pipes.length > 0)
      pipes.push(one.startsWith('|') ? one : quoted(one));
    else words.push(quoted(one.replace(/^--/, '')));
  }
  return { line: ['show', ...words, ...pipes].join(' '), runDir };
}

/** Options that only some shows take. */
const OPTIONS = new Map<string, readonly string[]>([
  ['sessions', [...Object.keys(SESSION_FILTERS), 'limit']],
  ['nat translations', [...Object.keys(SESSION_FILTERS), 'limit']],
  ['routes', ['limit']],
  ['log', [...Object.keys(SESSION_FILTERS), 'last', 'follow']],
]);

/** `sluice show WHAT`: exit 0, 1 refused, 2 usage, 4 away. */
export async function run(args: string[]): Promise<number> {
  const asked = lineOf(args);
  if (asked !== null) {
    const { batch } = await import('./shell/batch.js');
    return batch([asked.line], { runDir: asked.runDir }, false);
  }
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        limit: { type: 'string' },
        last: { type: 'string' },
        follow: { type: 'boolean', default: false },
        ...sessionFilters.options(),
        ...RUN_DIR_OPTION,
      },
    });
    const known = SHOWS.find((name) => name === positionals.join(' '));
    if (known === undefined) throw new UsageError('what to show?');
    const query: Record<string, string> = sessionFilters.of(values);
    if (values.last !== undefined) query['last'] = values.last;
    if (values.limit !== undefined) query['limit'] = values.limit;
    const allowed = OPTIONS.get(known) ?? [];
    const extra = Object.keys({ ...query, ...(values.follow ? { follow: '' } : {}) }).find(
      (name) => !allowed.includes(name),
    );
    if (extra !== undefined) throw new UsageError(`\`show ${known}\` takes no --${extra}`);
    const api = connect(values['run-dir']);
    const path = `/show/${known.replace(' ', '/')}`;
    if (values.follow) return follow(api, query, values.json);
    const text = values.json
      ? `${JSON.stringify(await api.get(path, query))}\n`
      : await api.text(path, query);
    await print(text);
    return EXIT.ok;
  });
}

/** The last records, then each as it comes; ends with the appliance or Ctrl-C. */
async function follow(
  api: ApiClient,
  { last = '10', ...query }: Record<string, string>,
  json: boolean,
): Promise<number> {
  const tell = (record: LogShown): Promise<void> =>
    print(`${json ? JSON.stringify(record) : logLine(record)}\n`);
  const lines = api.lines('/log', query);
  const first = lines.next();
  first.catch(() => undefined);
  const { records } = (await api.get('/show/log', { ...query, last })) as { records: LogShown[] };
  for (const record of last === '0' ? [] : records) await tell(record);
  for (let line = await first; line.done !== true; line = await lines.next())
    await tell(JSON.parse(line.value) as LogShown);
  return EXIT.away;
}
