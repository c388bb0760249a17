// SPDX-License-Identifier: BSD-3-Clause
import { pipe, sluice } from '../children.js';
import { CommandError, end, keyword, last, type Keyword, type Run, type Step } from '../grammar.js';
import type { Session } from '../session.js';
import { tech } from './tech.js';

/** What is done to the machine: what it is called, the question before, the command of the system. */
const POWER = {
  reboot: ['restart the machine', 'Reboot the system?', 'reboot'],
  'power-off': ['turn the machine off', 'Power off the system?', 'poweroff'],
  halt: ['stop the machine without turning it off', 'Halt the system?', 'halt'],
} as const;

/** Whether the user means it; without a terminal nobody can be asked. */
async function sure({ terminal }: Session, what: string, question: string): Promise<boolean> {
  if (terminal === null)
    throw new CommandError(`${what} asks first: it needs a terminal, or \`now\``);
  return terminal.sure(question);
}

function power(what: keyof typeof POWER, ask: boolean): Run {
  const [, question, command] = POWER[what];
  return async (session, _given, out) => {
    if (!ask || (await sure(session, what, question)))
      await pipe(session, ['systemctl', command], out);
  };
}

/** Asks first. */
export function powerCommand(what: keyof typeof POWER, word: string = what): Keyword {
  return { ...keyword(word, `${POWER[what][0]}; asks first`, end(power(what, true))), whole: true };
}

/** The same with `now`, which does not ask. */
function powerRequest(what: keyof typeof POWER): Keyword {
  return keyword(what, `${POWER[what][0]}; asks first`, {
    choices: [{ ...keyword('now', 'without asking', end(power(what, false))), whole: true }],
    run: power(what, true),
  });
}

/** A command about slots that restarts the machine, unless that is left to later. */
function slots(what: string, question: string): Step {
  const run =
    (how: 'ask' | 'now' | 'no-reboot'): Run =>
    async (session, given, out) => {
      const file = last(given, 'file');
      if (how === 'ask' && !(await sure(session, what, question))) return;
      const later = how === 'no-reboot' ? ['--no-reboot'] : [];
      const argv = ['system', what, ...(file === undefined ? [] : [file]), ...later];
      await pipe(session, sluice(...argv), out);
    };
  return {
    choices: [
      { ...keyword('now', 'without asking', end(run('now'))), whole: true },
      keyword('no-reboot', 'the slot is tried at the next start, whenever', end(run('no-reboot'))),
    ],
    run: run('ask'),
  };
}

const upgrade: Step = {
  choices: [
    {
      value: 'FILE',
      help: 'path of a .upgrade file',
      key: 'file',
      next: slots('upgrade', 'Write the upgrade, and start it on trial?'),
    },
  ],
};
const rollback = slots('rollback', 'Start the other slot on trial?');

/** `request`, as in Junos: what is done to the machine rather than to its configuration. */
export const request: Keyword = keyword('request', 'restart, turn off, upgrade the machine', {
  choices: [
    keyword('system', 'the machine and its slots', {
      choices: [
        ...(Object.keys(POWER) as (keyof typeof POWER)[]).map(powerRequest),
        keyword('rollback', 'to the version in the other slot', rollback),
        // As fingers from Junos have it.
        {
          ...keyword('software', 'versions', {
            choices: [
              keyword('add', 'write an upgrade into the other slot', upgrade),
              keyword('rollback', 'to the version in the other slot', rollback),
            ],
          }),
          hidden: true,
        },
        keyword('upgrade', 'write an upgrade into the other slot', upgrade),
      ],
    }),
    keyword('support', 'for a support case', {
      choices: [{ ...tech, word: 'information' }],
    }),
  ],
});

/** What `show` has of the machine. */
export const showSystem: Keyword = keyword('system', 'the machine', {
  choices: [
    keyword(
      'slots',
      'versions in the two slots of the image',
      end(
        (session, _given, out) =>
          pipe(session, sluice('system', 'slots', ...(out.form === 'json' ? ['--json'] : [])), out),
        ['json'],
      ),
    ),
    keyword(
      'uptime',
      'since when the machine runs, and its load',
      end((session, _given, out) => pipe(session, ['uptime'], out)),
    ),
  ],
});
