// SPDX-License-Identifier: BSD-3-Clause
import { ENGINE_ACTIONS, TUNNEL_ACTIONS } from '../../../daemon/api/vpn.js';
import { end, keyword, last, type Keyword, type Run } from '../grammar.js';

const HELP = {
  up: 'start it',
  down: 'end it, until something starts it again',
  rekey: 'give it new keys',
} as const satisfies Record<(typeof TUNNEL_ACTIONS)[number], string>;

const ENGINE_HELP = {
  enable: 'it may take SAs',
  disable: 'its SAs go to the next one, while traffic goes on',
} as const satisfies Record<(typeof ENGINE_ACTIONS)[number], string>;

const runEngine: Run = async (session, given, out) => {
  const engine = last(given, 'engine') ?? '';
  const action = last(given, 'action') ?? '';
  await (await session.api()).post('/vpn/engine', { engine, action });
  await out.write(`${engine}: ${action}d\n`);
};

const run: Run = async (session, given, out) => {
  const tunnel = last(given, 'tunnel') ?? '';
  const action = last(given, 'action') ?? '';
  await (await session.api()).post('/vpn', { tunnel, action });
  await out.write(`${tunnel}: ${action}\n`);
};

export const vpn: Keyword = keyword('vpn', 'start a tunnel, end it, or give it new keys', {
  choices: [
    keyword('engine', 'take a crypto engine out or in', {
      choices: [
        {
          value: 'ENGINE',
          help: '',
          key: 'engine',
          names: ({ names }) => names.engines(),
          next: {
            choices: ENGINE_ACTIONS.map((word) => ({
              word,
              help: ENGINE_HELP[word],
              key: 'action',
              next: end(runEngine),
            })),
          },
        },
      ],
    }),
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
