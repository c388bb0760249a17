// SPDX-License-Identifier: BSD-3-Clause
import { BACKEND_ACTIONS, type BackendSaid } from '../../../daemon/api/types.js';
import { end, keyword, last, options, type Keyword, type Run, type Step } from '../grammar.js';

const MEANING = {
  drain: 'no new sessions',
  enable: 'take it back in',
  disable: 'no new sessions, and end those there are',
} as const satisfies Record<BackendSaid['action'], string>;

const run: Run = async (session, given, out) => {
  const action = last(given, 'action') as BackendSaid['action'];
  const deadline = last(given, 'deadline');
  const said: BackendSaid = {
    balancer: last(given, 'balancer') ?? '',
    backend: last(given, 'backend') ?? '',
    action,
    ...(deadline === undefined ? {} : { deadline: Number(deadline) }),
  };
  const api = await session.api();
  const { ended } = (await api.post('/balancer', said)) as { readonly ended: number };
  const sessions = action === 'disable' ? `, ${ended} sessions ended` : '';
  await out.write(`${said.balancer} ${said.backend}: ${BACKEND_ACTIONS[action]}${sessions}\n`);
};

const deadline = options(
  [
    {
      word: 'deadline',
      help: 'end the sessions that are left after a time',
      value: { value: 'SECONDS', help: '', fits: (text) => /^[1-9]\d{0,5}$/.test(text) },
    },
  ],
  run,
);

const actions: Step = {
  choices: Object.entries(MEANING).map(([word, help]) => ({
    word,
    help,
    key: 'action',
    next: word === 'drain' ? deadline : end(run),
  })),
};

export const balancer: Keyword = keyword('balancer', 'take a backend out or in', {
  choices: [
    {
      value: 'BALANCER',
      help: '',
      key: 'balancer',
      names: ({ names }) => names.balancers(),
      next: {
        choices: [
          keyword('backend', 'one that serves it', {
            choices: [
              {
                value: 'BACKEND',
                help: '',
                key: 'backend',
                names: ({ names }, given) => names.backends(last(given, 'balancer') ?? ''),
                next: actions,
              },
            ],
          }),
        ],
      },
    },
  ],
});
