// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { answerQuestion, type Part } from '../../../src/analysis/ask/answer.js';
import { parseQuestion, QuestionError } from '../../../src/analysis/ask/question.js';
import { sampleText } from '../../../src/cli/ask.js';
import type { Model } from '../../../src/compiler/model.js';
import { IMPLICIT_POLICIES } from '../../../src/firewall/implicit.js';
import { parseMember } from '../../../src/net/address.js';
import { PROTOCOLS } from '../../../src/net/services.js';
import { flows, models } from '../../reference/arbitraries.js';
import { BASE4, BASE6, connected } from '../../reference/connected.js';
import { firstMatch, type Flow } from '../../reference/interpreter.js';
import { BASE } from '../fixtures/codes.js';
import { load } from '../fixtures/load.js';

const NAMES = { addresses: new Map(), services: new Map() };

/** The zone an address is in, null for the box's own; by arithmetic alone. */
function zoneOf({ family }: Flow, address: bigint): string | null {
  const place = Number(address - (family === 4 ? BigInt(BASE4) : BASE6));
  if (place % 16 === 1 && place < 48) return null;
  if (family === 4 && place % 16 === 15 && place < 48) return null;
  return ['inside', 'dmz'][Math.floor(place / 16)] ?? 'outside';
}

/** Whether a packet with such a flow can open a session. */
function opens({ protocol, sourcePort, destinationPort, family }: Flow): boolean {
  if (protocol === 1 || protocol === 58) {
    const types = family === 4 ? [8, 13, 15, 17] : [128];
    const own = protocol === (family === 4 ? 1 : 58);
    return own && types.some((type) => type * 256 === destinationPort);
  }
  if (protocol === 47) return true;
  return destinationPort > 0 && (protocol === 17 || sourcePort > 0);
}

function holdsAddress(words: readonly string[], { family }: Flow, address: bigint): boolean {
  return words.some((word) => {
    const range = parseMember(word);
    if (typeof range === 'string') throw new Error(range);
    return range.family === family && range.low <= address && address <= range.high;
  });
}

function holdsService(words: readonly string[], flow: Flow, named: ReadonlySet<number>): boolean {
  const within = (text: string | undefined, port: number) => {
    if (text === undefined) return true;
    const [low, high = low] = text.split('-').map(Number);
    return port >= low! && port <= high!;
  };
  return words.some((word) => {
    if (word === 'any') return true;
    if (word === 'other protocols') return !named.has(flow.protocol);
    const [, name, to, from] = /^([a-z0-9]+)(?:\/(\S+))?(?: from port (\S+))?$/.exec(word)!;
    const protocol = name === 'proto' ? Number(to) : PROTOCOLS[name as keyof typeof PROTOCOLS];
    if (protocol !== flow.protocol) return false;
    if (name === 'proto') return true;
    if (name!.startsWith('icmp'))
      return to === undefined || { 'echo-request': true }[to] === true
        ? [8, 128].includes(flow.destinationPort >> 8)
        : ({ 'timestamp-request': 13 }[to] ?? Number(to)) === flow.destinationPort >> 8;
    return within(to, flow.destinationPort) && within(from, flow.sourcePort);
  });
}

test('parts share nothing, leave nothing out, and name the rule that decides', () => {
  let seen = 0;
  fc.assert(
    fc.property(
      models({ policies: 4, rules: 6 }),
      fc.array(flows, { minLength: 400, maxLength: 400 }),
      (random, all) => {
        const model = connected(random, ['strict', 'strict', 'strict']);
        const question = parseQuestion('can inside reach any', model, NAMES);
        const { parts } = answerQuestion(question, model, IMPLICIT_POLICIES);
        const named = new Set<number>([
          ...Object.values(PROTOCOLS),
          ...model.policies.flatMap((policy) =>
            policy.rules.flatMap((one) =>
              one.enabled ? (one.service?.services.map(({ protocol }) => protocol) ?? []) : [],
            ),
          ),
        ]);
        for (const flow of all) {
          const to = zoneOf(flow, flow.destination);
          if (zoneOf(flow, flow.source) !== 'inside' || to === null || !opens(flow)) continue;
          seen++;
          const holding = parts.filter(
            (part) =>
              holdsAddress(part.source, flow, flow.source) &&
              holdsAddress(part.destination, flow, flow.destination) &&
              holdsService(part.service, flow, named),
          );
          const match = firstMatch(model, 'inside', to, flow);
          const last = holding[0]?.rules.at(-1);
          expect(holding).toHaveLength(1);
          expect(holding[0]?.to).toBe(to);
          expect(last === undefined ? null : `${last.policy}/${last.name}`).toBe(
            match === null ? null : `${match.policy.name}/${match.rule.name}`,
          );
          expect(holding[0]?.answer).toBe(match?.rule.action === 'allow' ? 'yes' : 'no');
        }
      },
    ),
    { numRuns: 150 },
  );
  expect(seen).toBeGreaterThan(500);
}, 120_000);

const POLICIES = `groups: {addresses: {staff: [10.1.0.0/24]}, services: {web: [tcp/80, tcp/443]}}
schedules: {office-hours: {weekly: [{days: mon-fri, from: "08:00", to: "18:00"}]}}
routing: {static: [{to: 0.0.0.0/0, via: 198.51.100.1}]}
policies:
  - name: p
    from: inside
    to: internet
    rules:
      - {name: mail, service: tcp/25, action: reject}
      - {name: work, source: staff, service: web, schedule: office-hours, action: allow}
      - {name: few, service: udp/53, action: allow, limit: {rate: 5/s}}
      - {name: here, service: udp/123, in: inside, action: allow}
      - {name: there, service: udp/124, in: wan, action: allow}
`;

/** `ANSWER: PARTS` of a question, a part as `ANSWER SERVICE: RULES or REASON`. */
function answers(text: string): string {
  const { model, groups } = load(BASE + POLICIES);
  const names = {
    addresses: new Map(groups!.addresses.map(({ name, set }) => [name, set])),
    services: new Map(groups!.services.map(({ name, set }) => [name, set])),
  };
  const { answer, parts } = answerQuestion(
    parseQuestion(text, model as Model, names),
    model as Model,
    IMPLICIT_POLICIES,
  );
  const why = ({ rules, reason }: Part) =>
    [
      ...rules.map(({ name, condition }) => (condition === null ? name : `${name} (${condition})`)),
      ...(reason === null ? [] : [reason]),
    ].join(', ');
  return [
    answer,
    ...parts.map((part) => `${part.answer} ${part.service.join()}: ${why(part)}`),
  ].join('; ');
}

describe('answers', () => {
  it('say what they depend on', () => {
    expect(answers('can staff reach 192.0.2.1 web?')).toBe(
      "depends; depends tcp/80,tcp/443: work (schedule 'office-hours'), policy-default",
    );
    expect(answers('can inside 10.1.0.7 reach 192.0.2.1 udp/53')).toBe(
      'depends; depends udp/53: few (limit)',
    );
    expect(answers('can inside 10.1.0.7 reach 192.0.2.1 udp/123,124')).toBe(
      'partly; yes udp/123: here; no udp/124: policy-default',
    );
    expect(answers('can inside 10.1.0.7 reach 192.0.2.1 tcp/25')).toBe('no; no tcp/25: mail');
  });

  it('know where packets cannot come from or go to', () => {
    expect(answers('can wan 10.1.0.7 reach 10.1.0.8')).toBe('no; no any: reverse-path');
    expect(answers('can inside reach 2001:db8:ffff::1')).toBe('no; no any: no-route');
    expect(answers('can 10.1.0.7 reach 224.0.0.5')).toBe('no');
    expect(answers('can inside 10.1.0.7 reach 192.0.2.1 icmp/echo-reply')).toBe('no');
    expect(answers('can inside 10.1.0.1 reach 192.0.2.1')).toBe('no; no any: reverse-path');
    expect(answers('can local reach internet tcp/25')).toBe(
      'yes; yes tcp/25: from the appliance itself',
    );
    expect(answers('who can reach 192.0.2.1 udp/123?')).toBe('partly; yes udp/123: here');
  });

  it('come with packets for trace', () => {
    const { model } = load(BASE + POLICIES);
    const { parts } = answerQuestion(
      parseQuestion('can inside 10.1.0.0/30 reach 192.0.2.1 udp/123', model!, NAMES),
      model!,
      IMPLICIT_POLICIES,
    );
    expect(parts.map(sampleText)).toEqual(['inside udp 10.1.0.2:50000 192.0.2.1:123']);
    expect(parts[0]?.source).toEqual(['10.1.0.0', '10.1.0.2/31']);
  });
});

describe('questions', () => {
  const wrong = (text: string) => {
    const { model } = load(BASE + POLICIES);
    try {
      parseQuestion(text, model!, NAMES);
    } catch (error) {
      if (error instanceof QuestionError) return `${error.index}+${error.length}: ${error.message}`;
      throw error;
    }
    return 'understood';
  };

  it.each([
    [
      'may inside reach local',
      '0+3: a question is one of: can FROM [SRC] reach DST [SERVICE]? who can reach DST [SERVICE]? what can FROM [SRC] reach [SERVICE]? what can reach DST?',
    ],
    [
      'can insid reach local',
      "4+5: there is no zone, interface or address group 'insid', did you mean 'inside'?",
    ],
    ['can inside reach', '16+1: the question ends before a zone'],
    ['can inside go local', "11+2: there is no zone, interface or address group 'go'"],
    ['can inside', "10+1: 'reach' is expected here and the question ends"],
    [
      'can inside reach 10.1.0.300?',
      "17+10: '10.1.0.300' is not an address: each of the four numbers of an IPv4 address is 0 to 255",
    ],
    [
      'can inside reach local tcp/70000',
      "23+9: 'tcp/70000' is not a service: a port is a number from 0 to 65535",
    ],
    ['can inside reach local wep', "23+3: there is no service group 'wep'"],
  ])('%s', (text, message) => {
    expect(wrong(text)).toBe(message);
  });
});
