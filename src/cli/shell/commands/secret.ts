// SPDX-License-Identifier: BSD-3-Clause
import { CommandError, end, keyword, last, type Keyword, type Run } from '../grammar.js';

/** Typed unseen: on the line it would be in the history. */
const put: Run = async (session, given, out) => {
  const name = last(given, 'name') ?? '';
  const { terminal } = session;
  if (terminal === null)
    throw new CommandError('a secret is typed at a terminal; `sluice secret put` reads stdin');
  const value = await terminal.ask('secret: ', { hidden: true });
  if (value === null || value === '') throw new CommandError('nothing is stored');
  await (await session.api()).post('/secrets', { name, value });
  await out.write(`${name}: stored\n`);
};

export const secret: Keyword = keyword('secret', 'secrets that the configuration names', {
  choices: [
    keyword('put', 'store one; it is asked for, and never told again', {
      choices: [
        { value: 'NAME', help: 'as the configuration names it', key: 'name', next: end(put) },
      ],
    }),
  ],
});
