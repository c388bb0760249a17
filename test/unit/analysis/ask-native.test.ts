// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerQuestion, type Part } from '../../../src/analysis/ask/answer.js';
import { parseQuestion } from '../../../src/analysis/ask/question.js';
import { sampleText } from '../../../src/cli/ask.js';
import { compileModel } from '../../../src/compiler/image.js';
import { noSlots, rulesBySlot, slotOf } from '../../../src/compiler/slots.js';
import { etherFrame } from '../../../src/datapath/frame.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { buildPacket } from '../../../src/datapath/packet.js';
import { BUILT_IN_RULES } from '../../../src/firewall/built-in.js';
import { IMPLICIT_POLICIES } from '../../../src/firewall/implicit.js';
import { MESSAGE_CONSTANTS as M } from '../../../src/tables/messages.js';
import { models } from '../../reference/arbitraries.js';
import { connected } from '../../reference/connected.js';

const NAMES = { addresses: new Map(), services: new Map() };
const questions = fc.constantFrom(
  'can inside reach any',
  'can any reach local',
  'can dmz reach outside tcp/80,255-300',
  'can 11.0.0.0/27 reach 11.0.0.9-11.0.0.40 udp icmp proto/47',
  'can outside 11.0.0.8-11.0.0.60 reach dmz',
  'can outside reach 2001:db8::ffff:ffff:ffff:fff4/124',
  'what can outside reach',
  'who can reach 11.0.0.3 tcp',
);

describe.skipIf(!existsSync(datapathBinary()))('answers and the fast path agree', () => {
  let datapath: OfflineDatapath | undefined;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath?.close());

  test('a packet of each part of an answer', { timeout: 120_000 }, async () => {
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(
        models({ policies: 4, rules: 6 }),
        fc.tuple(...[1, 2, 3].map(() => fc.constantFrom('strict', 'loose', 'off'))),
        questions,
        async (random, modes, text) => {
          const model = connected(random, modes);
          const question = parseQuestion(text, model, NAMES);
          const { parts } = answerQuestion(question, model, IMPLICIT_POLICIES);
          const done = compileModel(model, { generation: 1, slots: noSlots() });
          if (!done.ok) throw new Error(done.diagnostics[0]?.message);
          await datapath!.load(done.image);
          const rules = rulesBySlot(model, done.slots);
          const asked = parts.filter((part) => part.sample !== null);
          const packets = asked.map(({ in: entry, sample }) => ({
            time: 1_000_000_000n,
            iface: slotOf(done.slots.interfaces, entry!),
            bytes: etherFrame(buildPacket(sample!), sample!.source.family, 0),
          }));
          const { results } = await datapath!.run('trace', packets);
          const found = results.map(({ verdict, fate, rule, reason }) => {
            const named = rules.get(rule);
            const own = named === undefined ? '' : `${named.policy.name}/${named.rule.name}`;
            const passed = fate !== M.FATE_DROPPED && verdict === M.VERDICT_ALLOW;
            const why = datapath!.reason(reason);
            return { answer: passed ? 'yes' : 'no', rule: own || BUILT_IN_RULES.get(rule), why };
          });
          tried += found.length;
          expect(found.map((one, i) => [told(one, asked[i]!), sampleText(asked[i]!)])).toEqual(
            asked.map((part) => [expected(part), sampleText(part)]),
          );
        },
      ),
      { numRuns: 250 },
    );
    expect(tried).toBeGreaterThan(1000);
  });
});

interface Found {
  readonly answer: string;
  readonly rule: string | undefined;
  readonly why: string | null;
}

/** What is compared: where no policy was asked, why. */
function told({ answer, rule, why }: Found, { reason }: Part): string {
  // A rule that allows what is dropped later says why, too.
  if (reason === null)
    return `${answer} ${rule ?? ''}${why?.startsWith('policy') === false ? ` ${why}` : ''}`;
  // The box's own address as a source is a martian whatever the check of paths is.
  return `${answer} ${why?.replace(/^ip[46]-martian-source$/, 'reverse-path') ?? ''}`;
}

function expected({ answer, reason, rules }: Part): string {
  const last = rules.at(-1);
  if (reason !== null) return `${answer} ${reason}`;
  return `${answer} ${last?.policy === '' ? last.name : `${last!.policy}/${last!.name}`}`;
}
