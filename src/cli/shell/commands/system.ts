// SPDX-License-Identifier: BSD-3-Clause
import type { Confirmed, Reloaded } from '../../../daemon/api/types.js';
import { render } from '../../../diagnostics/render.js';
import { foreground, pipe, sluice } from '../children.js';
import { CommandError, end, keyword, type Keyword, type Run } from '../grammar.js';
import { helpText } from '../complete.js';
import { powerCommand } from './request.js';

const reloadGroups: Run = async (session, _given, out) => {
  const answer = (await (await session.api()).post('/reload-groups', {})) as Reloaded;
  for (const { file, state, entries, diagnostics } of answer.files) {
    await out.write(`${file}: ${state}, ${entries} entries\n`);
    for (const diagnostic of diagnostics) await out.write(`${render(diagnostic)}\n`);
  }
  if (answer.problem !== null) throw new CommandError(answer.problem);
  if (!answer.ok) throw new CommandError('a file is at fault; its old members stay');
};

const confirm: Run = async (session, _given, out) => {
  const confirmed = (await (await session.api()).post('/confirm', {})) as Confirmed;
  await out.write(`generation ${confirmed.generation} is confirmed\n`);
};

const bash: Run = async (session) => {
  if (session.terminal === null) throw new CommandError('a shell needs a terminal');
  await foreground(session, ['/bin/bash', '-l']);
};

/** What belongs to no feature. */
export const system: readonly Keyword[] = [
  {
    ...keyword('confirm', 'keep what was brought into force with a deadline', end(confirm)),
    // `conf` is `configure`.
    whole: true,
  },
  keyword(
    'doctor',
    'what costs speed or safety on this machine, and the fix',
    end((session, _given, out) => pipe(session, sluice('doctor'), out)),
  ),
  powerCommand('reboot'),
  powerCommand('power-off', 'poweroff'),
  keyword('reload', 'read files again', {
    choices: [keyword('groups', 'files of address groups', end(reloadGroups))],
  }),
  { ...keyword('shell', 'the shell of the operating system', end(bash)), whole: true },
  keyword(
    'help',
    'how this shell is used',
    end(async (session, _given, out) => {
      const { choices } = session.root;
      const offers = choices.flatMap((choice) =>
        'word' in choice ? [{ insert: choice.word, shown: choice.word, help: choice.help }] : [],
      );
      await out.write(
        `${HELP}\n${helpText({ offers, partial: '', start: 0, ends: false, wrong: null })}`,
      );
    }),
  ),
  keyword(
    'exit',
    'leave',
    end((session) => {
      session.over = true;
    }),
  ),
  keyword(
    'quit',
    'leave',
    end((session) => {
      session.over = true;
    }),
  ),
];

const HELP = `? at any point   what may come next, with its meaning
Tab              completes; shows what may come where it cannot
sh int           words may be cut as long as they are clear
Ctrl-R           looks for an earlier line; up and down go through them
COMMAND | match  filters the output: match, except, find, count, last, json, no-more
space, /, q      at --More--: the next page, look for text, stop
`;
