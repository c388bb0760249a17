// SPDX-License-Identifier: BSD-3-Clause
import { PACKET_FILTERS, type PacketFilterName } from '../../../daemon/api/packets.js';
import { pipe, sluice } from '../children.js';
import { options, type Given, type Option, type Run, type Step } from '../grammar.js';
import { FILTER_VALUES } from './show.js';

const number = (text: string): boolean => /^[1-9]\d{0,8}$/.test(text);

const VALUES: Readonly<Record<PacketFilterName, NonNullable<Option['value']>>> = {
  ...FILTER_VALUES,
  zone: FILTER_VALUES.from,
  address: FILTER_VALUES.source,
  port: { value: 'PORT', help: 'of either end', fits: number },
  interface: { value: 'INTERFACE', help: '', names: ({ names }) => names.interfaces() },
  reason: { value: 'REASON', help: 'as `show drops` has it' },
};

const FILTERS: readonly Option[] = [
  ...Object.entries(PACKET_FILTERS).map(([word, help]) => ({
    word,
    help,
    value: VALUES[word as PacketFilterName],
  })),
  { word: 'new', help: 'only packets that open a session, or are dropped' },
];

/** Reads well before filters: `monitor packets zone inside match port 443`. */
const MATCH: Option = { word: 'match', help: 'what follows says which packets' };

/** Options of the shell as those of a command, which has the same names. */
function flags(given: Given): string[] {
  return [...given].flatMap(([key, values]) => {
    const value = values.at(-1) ?? '';
    if (key === MATCH.word) return [];
    return value === key ? [`--${key}`] : [`--${key}`, value];
  });
}

const monitor: Run = (session, given, out) =>
  pipe(
    session,
    sluice('monitor', 'packets', ...flags(given), ...(out.form === 'json' ? ['--json'] : [])),
    out,
  );

const next: Run = (session, given, out) =>
  pipe(
    session,
    sluice('trace', '--next', ...flags(given), ...(out.form === 'json' ? ['--json'] : [])),
    out,
  );

/** `monitor packets …`: live packets, or a file of them. */
export const monitorPackets: Step = options(
  [
    MATCH,
    ...FILTERS,
    { word: 'dropped', help: 'only packets that are dropped' },
    {
      word: 'write',
      help: 'to a pcapng file, with what became of each packet as its comment',
      value: { value: 'FILE', help: 'path of the file' },
    },
    { word: 'count', help: 'end after so many', value: { value: 'N', help: '', fits: number } },
    {
      word: 'rate',
      help: 'packets a second and worker at the most',
      value: { value: 'N', help: '1000 unless given', fits: number },
    },
    {
      word: 'snap',
      help: 'bytes kept of each packet',
      value: { value: 'N', help: '2048 unless given', fits: number },
    },
  ],
  monitor,
  { forms: ['json'] },
);

/** `trace next …`: waits for a real packet. */
export const traceNext: Step = options([MATCH, ...FILTERS], next, { forms: ['json'] });
