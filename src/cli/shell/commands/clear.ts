// SPDX-License-Identifier: BSD-3-Clause
import { keyword, options, type Keyword, type Run } from '../grammar.js';
import { FILTERS, queryOf } from './show.js';

const DRY = { word: 'dry-run', help: 'end nothing, say how many it would be' };

const run: Run = async (session, given, out) => {
  const { 'dry-run': dry, ...filters } = queryOf(given);
  const path = dry === undefined ? '/clear-sessions' : '/clear-sessions?dry-run';
  const api = await session.api();
  const { cleared, fitting } = (await api.post(path, filters)) as {
    readonly cleared: number;
    readonly fitting?: number;
  };
  const count = fitting ?? cleared;
  const sessions = `${count} session${count === 1 ? '' : 's'}`;
  await out.write(`${sessions} ${fitting === undefined ? 'cleared' : 'would end'}\n`);
};

export const clear: Keyword = keyword('clear', 'end sessions', {
  choices: [
    keyword('sessions', 'live sessions, all or those that fit filters', {
      choices: [
        keyword('all', 'every session', options([DRY], run)),
        ...options([...FILTERS, DRY], run, { needed: true }).choices.filter(
          (choice) => !('word' in choice) || choice.word !== DRY.word,
        ),
      ],
    }),
  ],
});
