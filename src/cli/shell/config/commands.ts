// SPDX-License-Identifier: BSD-3-Clause
import { readFile, writeFile } from 'node:fs/promises';
import type {
  CommitTold,
  Compared,
  Operation,
  SetConfig,
  ValueGrammar,
  Words,
  YamlConfig,
} from '../../../daemon/api/candidates.js';
import { render } from '../../../diagnostics/render.js';
import {
  CommandError,
  end,
  keyword,
  last,
  type Choice,
  type Form,
  type Given,
  type Keyword,
  type Next,
  type Output,
  type Run,
  type Step,
} from '../grammar.js';
import type { Session } from '../session.js';
import { commits } from './commit.js';
import { configurationOf, leave } from './mode.js';
import { nodeAt, pathStep, type PathOptions, type Purpose } from './path.js';
import { paths } from './value.js';

const FORMS: readonly Form[] = ['json', 'set'];

const pathOf = (given: Given): Words => given.get('path') ?? [];

/** Names a value may refer to, those of the candidate. */
const refers = async (session: Session, value: ValueGrammar): Promise<readonly string[]> => {
  if (value.refers.length === 0) return [];
  const names = await configurationOf(session).references();
  return [...new Set(value.refers.flatMap((reference) => names[reference]))];
};

/** A command on a path below the level. */
function onPath(
  purpose: Purpose,
  run: Run,
  more: Pick<PathOptions, 'forms' | 'then' | 'empty'> = {},
): Next {
  return async (_given, session) => {
    const { level } = configurationOf(session);
    const { root } = await session.grammar();
    return pathStep(nodeAt(root, level) ?? root, {
      purpose,
      run,
      level,
      names: (_session, path) => configurationOf(session).names(path),
      refers,
      ...more,
    });
  };
}

/** One operation on the path given. */
function operation(make: (path: Words, given: Given) => Operation): Run {
  return async (session, given) => {
    const configuration = configurationOf(session);
    await configuration.edit([make(configuration.at(pathOf(given)), given)]);
  };
}

const set: Run = async (session, given) => {
  const configuration = configurationOf(session);
  const written = paths(pathOf(given));
  const operations = written.map(
    ({ path }) => ({ op: 'set', path: configuration.at(path) }) as const,
  );
  await configuration.edit(operations, (word, which) => written[which]?.given[word] ?? word);
};

const show: Run = (session, given, out) => {
  const configuration = configurationOf(session);
  const path = configuration.at(pathOf(given));
  if (out.form === 'compare') return showCompared(session, path, out);
  return shown((format) => configuration.read(path, format), out);
};

/** A part of a configuration in the form the line asks for. */
export async function shown(
  read: (format: 'tree' | 'set' | 'text') => Promise<unknown>,
  out: Output,
): Promise<void> {
  if (out.form === 'json') await out.write(`${JSON.stringify(await read('tree'), null, 2)}\n`);
  else if (out.form === 'set') {
    const { lines } = (await read('set')) as SetConfig;
    await out.write(lines.map((line) => `${line}\n`).join(''));
  } else await out.write(((await read('text')) as YamlConfig).text);
}

const edit: Run = (session, given) => {
  const configuration = configurationOf(session);
  configuration.level = configuration.at(pathOf(given));
};

/** Up to the next level that has a name or is a section: `policies p` from a rule of it. */
const up: Run = async (session, given) => {
  const configuration = configurationOf(session);
  const { root } = await session.grammar();
  for (let n = Number(last(given, 'n') ?? 1); n > 0 && configuration.level.length > 0; n--) {
    const node = nodeAt(root, configuration.level.slice(0, -1));
    // The name goes with the list it is in.
    const drop = (node?.names ?? node?.items) !== undefined ? 2 : 1;
    configuration.level = configuration.level.slice(0, -drop);
  }
};

const compare: Run = async (session, given, out) => {
  const ago = last(given, 'ago');
  const query = ago === undefined ? {} : { with: String(await commitAgo(session, Number(ago))) };
  const compared = (await configurationOf(session).get('compare', query)) as Compared;
  if (out.form === 'json') await out.write(`${JSON.stringify(compared, null, 2)}\n`);
  else if (out.form === 'set') await out.write(compared.commands.map((one) => `${one}\n`).join(''));
  else await writeHunks(compared.hunks, out);
};

async function writeHunks(hunks: Compared['hunks'], out: Output): Promise<void> {
  for (const { path, lines } of hunks) {
    await out.write(`${level(path)}\n`);
    for (const { mark, text } of lines) await out.write(`${mark} ${text}\n`);
  }
}

/** `show | compare`, as in Junos: what differs at a path or below. */
async function showCompared(session: Session, below: Words, out: Output): Promise<void> {
  const { hunks } = (await configurationOf(session).get('compare', {})) as Compared;
  const within = ({ path }: Compared['hunks'][number]): boolean =>
    below.every((word, i) => path[i] === undefined || path[i] === word);
  await writeHunks(hunks.filter(within), out);
}

/** `[edit policies office]` */
export function level(path: Words): string {
  return `[${['edit', ...path].join(' ')}]`;
}

async function commitsOf(session: Session): Promise<readonly CommitTold[]> {
  return (await (await session.api()).get('/commits')) as readonly CommitTold[];
}

async function commitAgo(session: Session, ago: number): Promise<number> {
  const found = (await commitsOf(session)).find((one) => one.ago === ago);
  if (found === undefined) throw new CommandError(`there is no commit ${ago} ago`);
  return found.commit;
}

const AGO: Omit<Extract<Choice, { value: string }>, 'next'> = {
  value: 'N',
  help: 'commits ago, 0 is what runs',
  key: 'ago',
  fits: (text) => /^\d{1,4}$/.test(text),
  names: async (session) =>
    (await commitsOf(session)).map(({ ago, at, user, by, comment }) => ({
      name: String(ago),
      help: `${at} ${user} ${by}${comment === null ? '' : `: ${comment}`}`,
    })),
};

const rollback: Run = async (session, given, out) => {
  const ago = Number(last(given, 'ago') ?? 0);
  await configurationOf(session).post('rollback', { ago });
  await out.write(
    'the candidate is rolled back; `compare` shows it, `commit` brings it into force\n',
  );
};

function load(op: 'load-merge' | 'load-replace'): Run {
  return async (session, given, out) => {
    const file = last(given, 'file') ?? '';
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new CommandError((error as Error).message);
    });
    const { diagnostics } = await configurationOf(session).edit([{ op, text, file }]);
    for (const diagnostic of diagnostics) await out.write(`${render(diagnostic)}\n`);
    await out.write('loaded; `compare` shows what differs\n');
  };
}

const save: Run = async (session, given, out) => {
  const file = last(given, 'file') ?? '';
  const { text } = (await configurationOf(session).read([], 'yaml')) as YamlConfig;
  await writeFile(file, text).catch((error: unknown) => {
    throw new CommandError((error as Error).message);
  });
  await out.write(`the candidate is written to ${file}\n`);
};

const fileStep = (run: Run): Step => ({
  choices: [{ value: 'FILE', help: 'path of a rule file', key: 'file', next: end(run) }],
});

const exit: Run = async (session) => {
  const configuration = configurationOf(session);
  if (configuration.level.length > 0) configuration.level = [];
  else if (await configuration.changed())
    throw new CommandError('there are uncommitted changes: `commit`, or `exit discard`');
  else await leave(session);
};

const NAME = { value: 'NAME', help: 'the new name', key: 'to' };

const insertRun = (where: 'before' | 'after' | 'first' | 'last'): Run =>
  operation((path, given) => {
    const anchor = last(given, 'anchor');
    return { op: 'insert', path, where, ...(anchor === undefined ? {} : { anchor }) };
  });

const anchor = (where: 'before' | 'after'): Step => ({
  choices: [
    {
      value: 'NAME',
      help: 'a name of the same list',
      key: 'anchor',
      names: async (session, given) => {
        const configuration = configurationOf(session);
        const list = configuration.at(pathOf(given)).slice(0, -1);
        return (await configuration.names(list)).map((name) => ({ name }));
      },
      next: end(insertRun(where)),
    },
  ],
});

/** The commands of configuration mode; `run` has those of operational mode. */
export function configurationMode(operational: Step): Step {
  const renaming = (op: 'rename' | 'copy'): Next =>
    onPath(
      'item',
      operation((path, given) => ({ op, path, to: last(given, 'to') ?? '' })),
      {
        then: [
          keyword('to', 'the new name', {
            choices: [
              {
                ...NAME,
                next: end(operation((path, given) => ({ op, path, to: last(given, 'to') ?? '' }))),
              },
            ],
          }),
        ],
      },
    );
  const inserting = onPath('item', insertRun('last'), {
    then: [
      keyword('before', 'ahead of another of the list', anchor('before')),
      keyword('after', 'behind another of the list', anchor('after')),
      keyword('first', 'to the front', end(insertRun('first'))),
      keyword('last', 'to the end', end(insertRun('last'))),
    ],
  });
  const simple = (op: 'delete' | 'activate' | 'deactivate'): Run =>
    operation((path) => ({ op, path }));
  const choices: readonly Keyword[] = [
    keyword('set', 'write a value, or add one to a list', onPath('write', set)),
    keyword('delete', 'take away what is at a path', onPath('there', simple('delete'))),
    keyword('edit', 'go to a path; what follows is below it', onPath('there', edit)),
    keyword(
      'show',
      'the candidate, or a part of it',
      onPath('there', show, { forms: [...FORMS, 'compare'], empty: true }),
    ),
    keyword('rename', 'give another name', renaming('rename')),
    keyword('copy', 'the same under another name', renaming('copy')),
    keyword('insert', 'move in an ordered list, as rules of a policy', inserting),
    keyword('activate', 'take back in what was deactivated', onPath('there', simple('activate'))),
    keyword('deactivate', 'leave out without deleting', onPath('there', simple('deactivate'))),
    keyword('up', 'a level up', {
      choices: [
        {
          value: 'N',
          help: 'how many levels',
          key: 'n',
          fits: (text) => /^[1-9]\d?$/.test(text),
          next: end(up),
        },
      ],
      run: up,
    }),
    keyword(
      'top',
      'to the top level',
      end((session) => void (configurationOf(session).level = [])),
    ),
    keyword('compare', 'what differs from what runs, or ran', {
      choices: [{ ...AGO, next: end(compare, FORMS) }],
      run: compare,
      forms: FORMS,
    }),
    ...commits,
    keyword('rollback', 'make the candidate what runs, or ran some commits ago', {
      choices: [{ ...AGO, next: end(rollback) }],
      run: rollback,
    }),
    keyword('load', 'take in a rule file', {
      choices: [
        keyword('merge', 'add to what is there', fileStep(load('load-merge'))),
        keyword('replace', 'in place of everything', fileStep(load('load-replace'))),
      ],
    }),
    keyword('save', 'write the candidate as a rule file', fileStep(save)),
    keyword('run', 'a command of operational mode', operational),
    keyword('exit', 'to the top level, then to operational mode', {
      choices: [
        keyword(
          'discard',
          'leave without committing',
          end((session) => leave(session)),
        ),
      ],
      run: exit,
    }),
    keyword('quit', 'leave configuration mode', {
      choices: [
        keyword(
          'discard',
          'leave without committing',
          end((session) => leave(session)),
        ),
      ],
      run: exit,
    }),
  ];
  return { choices: choices.toSorted((a, b) => (a.word < b.word ? -1 : 1)) };
}
