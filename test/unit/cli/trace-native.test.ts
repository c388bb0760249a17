// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import type { Model } from '../../../src/compiler/model.js';
import { noSlots, rulesBySlot, slotOf } from '../../../src/compiler/slots.js';
import { etherFrame } from '../../../src/datapath/frame.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { buildPacket } from '../../../src/datapath/packet.js';
import { importClassbench } from '../../../src/import/classbench.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { MESSAGE_CONSTANTS as M } from '../../../src/tables/messages.js';
import { flows, models } from '../../reference/arbitraries.js';
import {
  classbenchSets,
  classbenchText,
  firstClassbench,
  mapped,
  mapRules,
  readClassbench,
  setText,
  tracePackets,
} from '../../reference/classbench.js';
import { conditionalModels, holds, seens, times, type Seen } from '../../reference/conditions.js';
import { firstMatch, type Flow } from '../../reference/interpreter.js';

/** Protocol numbers that in IPv6 are extension headers (RFC 7045) and end no chain. */
const EXTENSIONS = [0, 43, 44, 51, 60, 135, 139, 140];

/**
 * The port rules see of a packet that opens a flow. Of ICMP only echo requests do (other types have
 * tests of their own); ICMP of the other family is a protocol without types.
 */
function wirePort({ family, protocol, destinationPort }: Flow): number {
  if (protocol === 1) return family === 4 ? 8 << 8 : 0;
  if (protocol === 58) return family === 6 ? 128 << 8 : 0;
  return destinationPort;
}

/** The datapath itself against the naive first match; needs the native build. */
describe.skipIf(!existsSync(datapathBinary()))('the datapath and first match agree', () => {
  let datapath: OfflineDatapath | undefined;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath?.close());

  /** Verdict and rule by flow as the datapath finds them; flows enter by `from`. */
  async function judged(
    model: Model,
    from: string,
    flows_: readonly (Flow & Partial<Seen>)[],
    time = 1,
  ) {
    const done = compileModel(model, { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error(done.diagnostics[0]?.message);
    await datapath!.load(done.image);
    const rules = rulesBySlot(model, done.slots);
    const iface = slotOf(done.slots.interfaces, from);
    const names: { verdict: number; rule: string | null }[] = [];
    for (let first = 0; first < flows_.length; first += 1000) {
      const packets = flows_.slice(first, first + 1000).map((flow) => {
        const { family, protocol, sourcePort, destinationPort } = flow;
        const icmp = protocol === 1 || protocol === 58;
        const packet = buildPacket({
          protocol,
          source: { family, value: flow.source },
          destination: { family, value: flow.destination },
          sourcePort,
          destinationPort,
          icmpType: icmp ? destinationPort >> 8 : 0,
          icmpCode: icmp ? destinationPort & 255 : 0,
          tcpFlags: flow.tcpFlags ?? null,
          dscp: flow.dscp ?? 0,
        });
        const bytes = etherFrame(packet, family, 0, flow.mac ?? null);
        return { time: BigInt(time) * 1_000_000_000n, iface, bytes };
      });
      const { results } = await datapath!.run('trace', packets);
      expect(results.map((one) => one.input)).toEqual(packets.map((_, i) => first + i));
      for (const { rule, verdict } of results) {
        expect(rule).not.toBe(M.RULE_NOT_ASKED);
        const found = rules.get(rule);
        const name = found === undefined ? null : `${found.policy.name}/${found.rule.name}`;
        names.push({ verdict, rule: name });
      }
    }
    return names;
  }

  /** Rule names alone, null for none. */
  async function traced(model: Model, from: string, flows_: readonly Flow[]) {
    return (await judged(model, from, flows_)).map(({ rule }) => rule);
  }

  test('random models, packets at the edges of ranges', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        models({ policies: 5, rules: 12 }),
        fc.array(flows, { minLength: 2000, maxLength: 2000 }),
        async (model, all) => {
          const packets = all.map((flow) => ({ ...flow, destinationPort: wirePort(flow) }));
          const want = packets.map((flow) => {
            const found = firstMatch(model, 'inside', 'outside', flow);
            return found === null ? null : `${found.policy.name}/${found.rule.name}`;
          });
          expect(await traced(model, 'inside', packets)).toEqual(want);
        },
      ),
      { numRuns: 15, endOnFailure: true },
    );
  });

  test('random models with conditions, at random times', { timeout: 300_000 }, async () => {
    const verdicts = {
      allow: M.VERDICT_ALLOW,
      deny: M.VERDICT_DENY,
      reject: M.VERDICT_REJECT,
    };
    await fc.assert(
      fc.asyncProperty(
        conditionalModels({ policies: 5, rules: 12 }),
        fc.array(fc.tuple(flows, seens), { minLength: 1000, maxLength: 1000 }),
        times,
        async (model, all, time) => {
          const packets = all.map(([flow, seen]) => ({
            ...seen,
            ...flow,
            tcpFlags: flow.protocol === 6 ? seen.tcpFlags : null,
            destinationPort: wirePort(flow),
          }));
          const want = packets.map((packet) => {
            const found = firstMatch(model, 'inside', 'outside', packet, (rule) =>
              holds(model, rule, { ...packet, time }),
            );
            return {
              verdict: verdicts[found?.rule.action ?? 'deny'],
              rule: found === null ? null : `${found.policy.name}/${found.rule.name}`,
            };
          });
          expect(await judged(model, 'inside', packets, time)).toEqual(want);
        },
      ),
      { numRuns: 20, endOnFailure: true },
    );
  });

  describe.skipIf(classbenchSets('k').length === 0)('samples (../shared/data/classbench)', () => {
    test.each(classbenchSets('k').flatMap((name) => [[name, 4] as const, [name, 6] as const]))(
      '%s as IPv%i',
      { timeout: 120_000 },
      async (name, family) => {
        const six = family === 6;
        const plain = readClassbench(setText(name));
        const rules = six ? mapRules(plain) : plain;
        const yaml = importClassbench(six ? classbenchText(rules) : setText(name)).text;
        const { model } = loadModel('set.yaml', textReader(new Map([['set.yaml', yaml]])));
        const packets = tracePackets(name, 1000)
          .filter(({ protocol }) => !six || !EXTENSIONS.includes(protocol))
          .map((packet) =>
            six
              ? {
                  ...packet,
                  source: mapped(packet.source, 'source'),
                  destination: mapped(packet.destination, 'destination'),
                  protocol: packet.protocol === 1 ? 58 : packet.protocol,
                }
              : packet,
          );
        const found = await traced(
          model!,
          'inside',
          packets.map((packet) => {
            const ported = [6, 17, 132].includes(packet.protocol);
            const flow = {
              ...packet,
              family,
              sourcePort: ported ? packet.sourcePort : 0,
              destinationPort: ported ? packet.destinationPort : 0,
            };
            return { ...flow, destinationPort: wirePort(flow) };
          }),
        );
        const wrong = packets.flatMap((packet, i) => {
          const index = firstClassbench(rules, packet, six ? 128 : 32);
          const want = index === null ? null : `classbench/r${index}`;
          return want === found[i] ? [] : [{ packet, want, got: found[i] }];
        });
        expect(wrong).toEqual([]);
      },
    );
  });
});
