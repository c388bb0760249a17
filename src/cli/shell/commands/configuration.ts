// SPDX-License-Identifier: BSD-3-Clause
import type {
  CandidateTold,
  CommitTold,
  TreeConfig,
  Words,
} from '../../../daemon/api/candidates.js';
import { columns } from '../../../diagnostics/columns.js';
import { shown } from '../config/commands.js';
import { Configuration, wordsOf } from '../config/configuration.js';
import { pathStep } from '../config/path.js';
import { CommandError, end, keyword, type Keyword, type Run } from '../grammar.js';
import type { Session } from '../session.js';

const configure =
  (mode: 'private' | 'exclusive'): Run =>
  async (session, _given, out) => {
    if (session.configuration !== null) throw new CommandError('this is configuration mode');
    const opened = await Configuration.open(await session.api(), mode);
    session.configuration = opened;
    for (const { user, from, since } of await opened.others())
      await out.write(`${user} edits too, from ${from} since ${since}\n`);
  };

export const configureCommand: Keyword = keyword('configure', 'edit a candidate configuration', {
  choices: [
    keyword('exclusive', 'nobody else may edit meanwhile', end(configure('exclusive'))),
    keyword('private', 'as without it', end(configure('private'))),
  ],
  run: configure('private'),
});

/** A part of what runs. */
async function running(session: Session, path: Words, format: string): Promise<unknown> {
  return (await session.api()).get('/configuration', { path: JSON.stringify(path), format });
}

const showConfiguration: Run = (session, given, out) =>
  shown((format) => running(session, given.get('path') ?? [], format), out);

const showCommits: Run = async (session, _given, out) => {
  const commits = (await (await session.api()).get('/commits')) as readonly CommitTold[];
  await out.write(
    out.form === 'json'
      ? `${JSON.stringify(commits, null, 2)}\n`
      : columns(commits, [
          ['ago', ({ ago }) => ago],
          ['commit', ({ commit }) => commit],
          ['at', ({ at }) => at],
          ['by', ({ user }) => user],
          ['from', ({ from }) => from],
          ['way', ({ by }) => by],
          ['source', ({ main }) => main],
          ['comment', ({ comment }) => comment ?? ''],
        ]),
  );
};

const showCandidates: Run = async (session, _given, out) => {
  const told = (await (await session.api()).get('/candidates')) as readonly CandidateTold[];
  await out.write(
    out.form === 'json'
      ? `${JSON.stringify(told, null, 2)}\n`
      : columns(told, [
          ['user', ({ user }) => user],
          ['from', ({ from }) => from],
          ['since', ({ since }) => since],
          ['mode', ({ mode }) => mode],
          ['base', ({ base }) => base],
          ['changed', ({ changed }) => (changed ? 'yes' : 'no')],
        ]),
  );
};

/** What `show` has of configurations. */
export const showConfigurations: readonly Keyword[] = [
  keyword('configuration', 'what runs, or a part of it', async (_given, session) =>
    pathStep((await session.grammar()).root, {
      purpose: 'there',
      run: showConfiguration,
      forms: ['json', 'set'],
      empty: true,
      level: [],
      names: async (_session, path) => {
        const { config } = (await running(session, path, 'tree')) as TreeConfig;
        return config === null ? [] : wordsOf(config);
      },
      refers: () => Promise.resolve([]),
    }),
  ),
  keyword('commits', 'configurations that were in force', end(showCommits, ['json'])),
  keyword('candidates', 'who edits', end(showCandidates, ['json'])),
];
