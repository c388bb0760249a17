// SPDX-License-Identifier: BSD-3-Clause
import type { CommitAnswer } from '../../../daemon/api/candidates.js';
import { render } from '../../../diagnostics/render.js';
import { previewText } from '../../preview-text.js';
import {
  CommandError,
  keyword,
  last,
  options,
  type Given,
  type Keyword,
  type Option,
  type Output,
  type Run,
  type Step,
} from '../grammar.js';
import type { Session } from '../session.js';
import { configurationOf, leave } from './mode.js';

/** Minutes unless the user says. */
const MINUTES = '10';

const MINUTE_VALUE = {
  value: 'MINUTES',
  help: `${MINUTES} unless given`,
  fits: (text: string) => /^[1-9]\d{0,4}$/.test(text),
};
const CONFIRM = 'goes back by itself unless it is confirmed in time';

const COMMENT: Option = {
  word: 'comment',
  help: 'kept with the commit',
  value: { value: 'TEXT', help: 'in quotes where it has spaces' },
};
const QUIT: Option = { word: 'and-quit', help: 'leave configuration mode after it' };

async function commit(
  session: Session,
  request: Readonly<Record<string, unknown>>,
  out: Output,
): Promise<boolean> {
  const answer = (await configurationOf(session).post('commit', request)) as CommitAnswer;
  for (const diagnostic of answer.diagnostics) await out.write(`${render(diagnostic)}\n`);
  if (!answer.ok) {
    for (const { path, user, commit: number } of answer.conflicts ?? [])
      await out.write(`${path.join(' ')}: changed by ${user} in commit ${number}\n`);
    throw new CommandError(`${answer.message}; nothing has changed`);
  }
  if ('preview' in answer) await out.write(`${previewText(answer)}\n`);
  else await out.write(`${told(answer, request['check'] === true)}\n`);
  return true;
}

function told(answer: Exclude<CommitAnswer, { ok: false } | { preview: true }>, check: boolean) {
  const { changed, generation, sessions, stages, confirm_until: until } = answer;
  if (check) return 'the configuration is good';
  if (!changed) return `nothing to commit: generation ${generation} stays in force`;
  const ms = Object.values<number>({ ...stages }).reduce((sum, one) => sum + one, 0);
  const lines = [
    `commit ${generation} is in force after ${ms.toFixed(0)} ms; sessions: ${sessions.kept} kept, ${sessions.ended} ended`,
  ];
  if (until !== undefined)
    lines.push(`goes back at ${until} unless \`commit\` or \`confirm\` comes before`);
  return lines.join('\n');
}

const plain: Run = async (session, given, out) => {
  await commit(session, requestOf(given), out);
  if (given.has('and-quit')) await leave(session);
};

const confirmed: Run = (session, given, out) =>
  plain(session, new Map([['confirm', [MINUTES]], ...given]), out);

function requestOf(given: Given): Record<string, unknown> {
  const comment = last(given, 'comment');
  const minutes = last(given, 'confirm');
  return {
    ...(comment === undefined ? {} : { comment }),
    ...(minutes === undefined ? {} : { confirm: Number(minutes) }),
  };
}

/** `confirm [MINUTES]`, and what may stand beside it. */
const withDeadline: Step = {
  ...options([COMMENT, QUIT], confirmed),
  choices: [
    { ...MINUTE_VALUE, key: 'confirm', next: options([COMMENT, QUIT], confirmed) },
    ...options([COMMENT, QUIT], confirmed).choices,
  ],
};

const check: Run = async (session, _given, out) => {
  await commit(session, { check: true }, out);
};

const preview: Run = async (session, given, out) => {
  const capture = last(given, 'capture');
  const minutes = last(given, 'log');
  const flows = capture === undefined ? undefined : await captured(capture);
  const request = {
    preview: true,
    ...(flows === undefined ? {} : { flows }),
    ...(minutes === undefined ? {} : { flows_of_log: Number(minutes) }),
  };
  await commit(session, request, out);
};

/** Read only where one is asked for: the prompt waits for none of it. */
async function captured(text: string): Promise<unknown> {
  const [{ flowsOfFile }, { CaptureError }] = await Promise.all([
    import('../../capture-flows.js'),
    import('../../../datapath/capture.js'),
  ]);
  try {
    return flowsOfFile(text);
  } catch (error) {
    if (error instanceof CaptureError) throw new CommandError(error.message);
    throw error;
  }
}

const CAPTURE: Option = {
  word: 'capture',
  help: 'which of its flows would get another verdict',
  value: { value: '[IFACE=]FILE', help: 'pcap or pcapng' },
};
const LOG: Option = {
  word: 'log',
  help: 'the same of the flows logged in the last minutes',
  value: { value: 'MINUTES', help: 'from 1 on', fits: MINUTE_VALUE.fits },
};

export const commits: readonly Keyword[] = [
  keyword('commit', 'bring the candidate into force, all of it or nothing', {
    choices: [
      keyword('check', 'only check it', { choices: [], run: check }),
      keyword(
        'preview',
        'what it would change, and which sessions it would end',
        options([CAPTURE, LOG], preview),
      ),
      keyword('confirm', CONFIRM, withDeadline),
      keyword('confirmed', CONFIRM, withDeadline),
      ...options([COMMENT, QUIT], plain).choices,
    ],
    run: plain,
  }),
  keyword('commit-confirm', CONFIRM, withDeadline),
];
