// SPDX-License-Identifier: BSD-3-Clause
import { TUNNEL_ACTIONS } from '../../../daemon/api/vpn.js';
import { end, keyword, last, type Keyword, type Run } from '../grammar.js';

const HELP = {
  up: 'start it',
  down: 'end it, until something starts it again',
  rekey: 'give it new keys',
} as const satisfies Record<(typeof TUNNEL_ACTIONS)[number], string>;

const run: Run = async (session, given, out) => {
  const tunnel = last(given, 'tunnel') ?? '';
  const action = last(given, 'action') ?? '';
  await (await session.api()).post('/vpn', { tunnel, action });
  await out.write(`${tunnel}: ${action}\n`);
};

export const vpn: Keyword = keyword('vpn', 'start a tunnel, end it, or give it new keys', {
  choices: [
    {
      value: 'TUNNEL',
      help: '',
      key: 'tunnel',
      names: ({ names }) => names.tunnels(),
      next: {
        choices: TUNNEL_ACTIONS.map((word) => ({
          word,
          help: HELP[word],
          key: 'action',
          next: end(run),
        })),
      },
    },
  ],
});
