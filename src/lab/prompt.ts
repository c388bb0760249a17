// SPDX-License-Identifier: BSD-3-Clause
import { pipe, sluice } from '../cli/shell/children.js';
import { keyword, type Keyword, type Run, type Step } from '../cli/shell/grammar.js';
import { shell } from '../cli/shell/main.js';
import type { Lab } from './lab.js';
import { EDGE, HOSTS } from './network.js';

/** The appliance's shell, with commands for the hosts around it, until the user leaves. */
export async function prompt(lab: Lab): Promise<void> {
  await shell({
    runDir: lab.runDirectory,
    within: namespace(lab, EDGE),
    more: [hosts(lab), apply],
  });
}

function namespace(lab: Lab, name: string): readonly string[] {
  return ['ip', 'netns', 'exec', lab.prefix + name];
}

/** `in inside ping 203.0.113.80` */
function hosts(lab: Lab): Keyword {
  const places = HOSTS.map(({ name }) =>
    keyword(
      name,
      'a host of the lab',
      words((session, given, out) => {
        const argv = given.get('word') ?? [];
        return pipe(session, [...namespace(lab, name), ...argv], out);
      }),
    ),
  );
  return keyword('in', 'run a program on a host of the lab', { choices: places });
}

/** One word or more. */
function words(run: Run, some = false): Step {
  const more = { value: 'WORD', help: 'a program and its arguments', key: 'word' };
  const choices = [{ ...more, next: () => words(run, true) }];
  return some ? { choices, run } : { choices };
}

const apply: Keyword = keyword(
  'apply',
  'bring a rule file into force: FILE [--preview]',
  words((session, given, out) => pipe(session, sluice('apply', ...(given.get('word') ?? [])), out)),
);
