// SPDX-License-Identifier: BSD-3-Clause
import {
  SESSION_FILTERS,
  SHOWS,
  type SessionFilterName,
  type Show,
} from '../../../daemon/api/types.js';
import { options, type Given, type Keyword, type Option, type Run, type Step } from '../grammar.js';

const HELP: Readonly<Record<Show, string>> = {
  interfaces: 'interfaces with their counters',
  rules: 'rules with packets, bytes and last hit',
  groups: 'address groups from files',
  helpers: 'helpers of FTP and SIP',
  sessions: 'live sessions',
  'nat pools': 'use of public addresses and ports',
  'nat translations': 'sessions that translate',
  'nat blocks': 'port blocks and who has them',
  balancers: 'balancers and their backends',
  'vpn tunnels': 'tunnels with their peers and algorithms',
  'vpn sas': 'pairs of SAs with their counters',
  'vpn engines': 'crypto engines of IPsec and what they measured',
  'vpn log': 'the last negotiation of each tunnel, and why it failed',
  drops: 'packets dropped, by reason',
  graph: 'nodes of the fast path with cycles a packet',
  routes: 'routes the fast path knows',
  routing: 'FRR, its daemons and their neighbours',
  neighbors: 'neighbours, by ARP and neighbour discovery',
  log: 'the last log records',
  archive: 'archives of commits, and what they lack',
  version: 'versions, and what is in force',
};

const number = (text: string): boolean => /^\d{1,7}$/.test(text);

/** Values of the session filters, with the names there are. */
export const FILTER_VALUES: Readonly<Record<SessionFilterName, NonNullable<Option['value']>>> = {
  rule: { value: 'POLICY/RULE', help: '', names: ({ names }) => names.rules() },
  from: { value: 'ZONE', help: '', names: ({ names }) => names.zones() },
  to: { value: 'ZONE', help: '', names: ({ names }) => names.zones() },
  source: { value: 'ADDRESS', help: 'address or prefix' },
  destination: { value: 'ADDRESS', help: 'address or prefix' },
  protocol: {
    value: 'PROTOCOL',
    help: 'name or number',
    names: () => ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp'].map((name) => ({ name })),
  },
  port: { value: 'PORT', help: 'destination port', fits: number },
};

export const FILTERS: readonly Option[] = Object.entries(SESSION_FILTERS).map(([word, help]) => ({
  word,
  help,
  value: FILTER_VALUES[word as SessionFilterName],
}));

const LIMIT: Option = {
  word: 'limit',
  help: 'how many at the most',
  value: { value: 'N', help: '1000 unless given, 0 for all', fits: number },
};
const LAST: Option = {
  word: 'last',
  help: 'how many of the last records',
  value: { value: 'N', help: '100 unless given, 0 for all', fits: number },
};

const OPTIONS: Partial<Record<Show, readonly Option[]>> = {
  sessions: [...FILTERS, LIMIT],
  'nat translations': [...FILTERS, LIMIT],
  routes: [LIMIT],
  log: [...FILTERS, LAST],
};

/** Everything sluiced shows. */
export function showChoices(): readonly Keyword[] {
  const below = new Map<string, Keyword[]>();
  const choices: Keyword[] = [];
  for (const show of SHOWS) {
    const [word = '', second] = show.split(' ');
    const next = shown(show);
    if (second === undefined) {
      choices.push({ word, help: HELP[show], next });
      continue;
    }
    let list = below.get(word);
    if (list === undefined) {
      below.set(word, (list = []));
      const step: Step = { choices: list };
      choices.push({ word, help: GROUP_HELP[word] ?? '', next: step });
    }
    list.push({ word: second, help: HELP[show], next });
  }
  return choices.toSorted((a, b) => (a.word < b.word ? -1 : 1));
}

const GROUP_HELP: Readonly<Record<string, string>> = {
  nat: 'address translation',
  vpn: 'IPsec',
};

function shown(show: Show): Step {
  return options(OPTIONS[show] ?? [], ask(show), { forms: ['json'] });
}

function ask(show: Show): Run {
  return async (session, given, out) => {
    const api = await session.api();
    const path = `/show/${show.replace(' ', '/')}`;
    const query = queryOf(given);
    await out.write(
      out.form === 'json'
        ? `${JSON.stringify(await api.get(path, query), null, 2)}\n`
        : await api.text(path, query),
    );
  };
}

/** Options as a query of the API. */
export function queryOf(given: Given): Record<string, string> {
  return Object.fromEntries([...given].map(([key, values]) => [key, values.at(-1) ?? '']));
}
