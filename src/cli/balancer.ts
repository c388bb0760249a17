// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { BACKEND_ACTIONS, type BackendSaid } from '../daemon/api/types.js';
import { parseNumber } from '../net/services.js';
import { EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';

/** Seconds a drain may take: a week. */
const LONGEST = 604_800;

export const usage = {
  synopsis: 'balancer NAME backend NAME drain|enable|disable [--deadline SECONDS] [--json]',
  description:
    'Takes a backend out or in, without a commit and over restarts: `drain` gives it no new sessions, `disable` ends those it has too.',
  options: [
    ['--deadline', 'Of a drain: seconds until the sessions that are left end; never unless given.'],
    ['--json', 'One document on stdout: ended.'],
  ],
} as const;

/** `sluice balancer`: exit 0, 1 refused, 2 usage, 4 away. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        deadline: { type: 'string' },
        ...RUN_DIR_OPTION,
      },
    });
    const [balancer, word, backend, action, ...rest] = positionals;
    if (balancer === undefined || word !== 'backend' || backend === undefined || rest.length > 0)
      throw new UsageError('which backend?');
    if (action === undefined || !isAction(action)) throw new UsageError('what is to become of it?');
    const said: BackendSaid = { balancer, backend, action, ...deadline(action, values.deadline) };
    const answer = (await connect(values['run-dir']).post('/balancer', said)) as { ended: number };
    const ended = action === 'disable' ? `, ${answer.ended} sessions ended` : '';
    await print(
      values.json
        ? `${JSON.stringify(answer)}\n`
        : `${balancer} ${backend}: ${BACKEND_ACTIONS[action]}${ended}\n`,
    );
    return EXIT.ok;
  });
}

function isAction(text: string): text is BackendSaid['action'] {
  return Object.hasOwn(BACKEND_ACTIONS, text);
}

function deadline(action: string, text: string | undefined): { readonly deadline?: number } {
  if (text === undefined) return {};
  if (action !== 'drain') throw new UsageError('a deadline is that of a drain');
  const seconds = parseNumber(text, LONGEST);
  if (seconds < 0) throw new UsageError(`a deadline is a number of seconds from 0 to ${LONGEST}`);
  return { deadline: seconds };
}
