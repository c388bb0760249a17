// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import type { Reloaded } from '../daemon/api/types.js';
import { toJson } from '../diagnostics/diagnostic.js';
import { render } from '../diagnostics/render.js';
import { complain, EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';

export const usage = {
  synopsis: 'reload groups [--json]',
  description:
    'Reads the files of address groups again, as the appliance does by itself when they change; no commit.',
  options: [
    ['--json', 'One document on stdout: ok, changed, generation, files, stages, sessions.'],
  ],
} as const;

/** `sluice reload groups`: exit 0 all in force, 1 a file is at fault and keeps its members, 2, 4. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, ...RUN_DIR_OPTION },
    });
    if (positionals.length !== 1 || positionals[0] !== 'groups')
      throw new UsageError('what to reload?');
    const answer = (await connect(values['run-dir']).post('/reload-groups', {})) as Reloaded;
    for (const diagnostic of answer.files.flatMap(({ diagnostics }) => diagnostics))
      process.stderr.write(`${render(diagnostic)}\n`);
    if (answer.problem !== null) complain(answer.problem);
    await print(values.json ? `${JSON.stringify(plain(answer))}\n` : summary(answer));
    return answer.ok ? EXIT.ok : EXIT.error;
  });
}

function plain(answer: Reloaded): object {
  const files = answer.files.map((one) => ({
    ...one,
    diagnostics: one.diagnostics.map((diagnostic) => toJson(diagnostic)),
  }));
  return { ...answer, files };
}

function summary({ files, stages, sessions, changed }: Reloaded): string {
  const words = {
    same: 'unchanged',
    new: 'loaded',
    bad: 'at fault, its old members stay',
  } as const;
  const lines = files.map(
    ({ file, state, entries }) => `${file}: ${words[state]}, ${entries} entries`,
  );
  if (changed) {
    const times = Object.entries(stages).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
    lines.push(
      `sessions: ${sessions.kept} kept, ${sessions.ended} ended`,
      `ms: ${times.join(', ')}`,
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}
