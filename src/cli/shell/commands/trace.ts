// SPDX-License-Identifier: BSD-3-Clause
import { pipe, sluice } from '../children.js';
import { traceNext } from './packets.js';
import { keyword, type Keyword, type Run, type Step, type Value } from '../grammar.js';

const PROTOCOLS = ['tcp', 'udp', 'sctp', 'icmp/echo-request', 'icmpv6/echo-request', 'proto/47'];
const FLAGS = ['syn', 'ack', 'fin', 'rst', 'psh', 'urg'];

/** By the fast path itself, offline, with the rules that run and their declared routes. */
const run: Run = (session, given, out) => {
  const packet = (given.get('packet') ?? []).join(' ');
  const form = out.form === 'json' ? ['--json'] : [];
  return pipe(session, sluice('trace', '--packets', '-', ...form), out, `${packet}\n`);
};

const flags = (left: readonly string[]): Step => ({
  choices: left.map((word) => ({
    word,
    help: 'TCP flag; a SYN unless given',
    key: 'packet',
    next: () => flags(left.filter((other) => other !== word)),
  })),
  run,
  forms: ['json'],
});

const value = (name: string, help: string, next: Step, more: Partial<Value> = {}): Value => ({
  value: name,
  help,
  key: 'packet',
  next,
  ...more,
});

const ADDRESS = 'address, with :PORT for TCP, UDP and SCTP; IPv6 in brackets';

export const trace: Keyword = keyword('trace', 'what the appliance would do with a packet', {
  choices: [
    keyword('next', 'the next real packet that fits: what was made of it', traceNext),
    keyword('packet', 'step by step: rule, translation, route, verdict', {
      choices: [
        value(
          'INTERFACE',
          'where it comes in',
          {
            choices: [
              value(
                'PROTOCOL',
                'as rules write it',
                {
                  choices: [
                    value('SOURCE', ADDRESS, {
                      choices: [value('DESTINATION', ADDRESS, flags(FLAGS))],
                    }),
                  ],
                },
                { names: () => PROTOCOLS.map((name) => ({ name })) },
              ),
            ],
          },
          { names: ({ names }) => names.interfaces() },
        ),
      ],
    }),
  ],
});
