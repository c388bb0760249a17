// SPDX-License-Identifier: BSD-3-Clause
import { pipe } from '../children.js';
import {
  CommandError,
  keyword,
  last,
  options,
  type Keyword,
  type Option,
  type Run,
} from '../grammar.js';

const HOST = {
  value: 'HOST',
  help: 'address or name',
  key: 'host',
  fits: (text: string) => /^[0-9A-Za-z][0-9A-Za-z.:_%-]*$|^::/.test(text),
};
const number = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text);
const source: Option = {
  word: 'source',
  help: 'address or interface to send from',
  value: {
    value: 'SOURCE',
    help: 'address or interface',
    names: ({ names }) => names.interfaces(),
    fits: (text) => /^[0-9A-Za-z_.:]+$/.test(text),
  },
};

/** Each option as the program spells it. */
function argv(program: readonly string[], flags: Readonly<Record<string, string>>): Run {
  return async (session, given, out) => {
    const host = last(given, 'host');
    if (host === undefined) throw new CommandError('no host');
    const options = Object.entries(flags).flatMap(([key, flag]) => {
      const value = last(given, key);
      if (value === undefined) return [];
      return value === key ? [flag] : [flag, value];
    });
    await pipe(session, [...program, ...options, host], out);
  };
}

export const ping: Keyword = keyword('ping', 'send echo requests', {
  choices: [
    {
      ...HOST,
      next: options(
        [
          {
            word: 'count',
            help: 'how many',
            value: { value: 'N', help: 'until Ctrl-C unless given', fits: number },
          },
          {
            word: 'size',
            help: 'bytes of data',
            value: { value: 'BYTES', help: '56 unless given', fits: number },
          },
          { word: 'do-not-fragment', help: 'with DF set' },
          source,
        ],
        argv(['ping'], { count: '-c', size: '-s', 'do-not-fragment': '-Mdo', source: '-I' }),
      ),
    },
  ],
});

export const traceroute: Keyword = keyword('traceroute', 'the routers on the way to a host', {
  choices: [
    {
      ...HOST,
      next: options(
        [
          { word: 'icmp', help: 'by echo requests' },
          { word: 'tcp', help: 'by SYNs to port 80' },
          { word: 'no-names', help: 'addresses alone' },
          source,
        ],
        argv(['traceroute'], { icmp: '-I', tcp: '-T', 'no-names': '-n', source: '-s' }),
      ),
    },
  ],
});
