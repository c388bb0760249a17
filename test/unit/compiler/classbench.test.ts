// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import { noSlots, rulesBySlot } from '../../../src/compiler/slots.js';
import { importClassbench } from '../../../src/import/classbench.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { decodeImage } from '../../../src/tables/decode.js';
import { imageMatch } from '../../reference/interpreter.js';
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

function compiled(text: string) {
  const yaml = importClassbench(text).text;
  const { model, diagnostics } = loadModel('set.yaml', textReader(new Map([['set.yaml', yaml]])));
  expect(diagnostics).toEqual([]);
  const done = compileModel(model!, { generation: 1, slots: noSlots() });
  if (!done.ok) throw new Error(done.diagnostics[0]?.message);
  return { image: decodeImage(done.image), rules: rulesBySlot(model!, done.slots) };
}

const INSIDE = 2;
const OUTSIDE = 3;

/** Samples beside the repository (../shared/data/classbench); skipped without them. */
describe.skipIf(classbenchSets('_1k').length === 0)(
  'tables of the samples hold first match',
  () => {
    test.each(classbenchSets('_1k').flatMap((name) => [[name, 4] as const, [name, 6] as const]))(
      '%s as IPv%i',
      (name, family) => {
        const plain = readClassbench(setText(name));
        const six = family === 6;
        const rules = six ? mapRules(plain) : plain;
        const { image, rules: bySlot } = compiled(six ? classbenchText(rules) : setText(name));
        const wrong: unknown[] = [];
        for (const packet of tracePackets(name, 200)) {
          const moved = six
            ? {
                ...packet,
                source: mapped(packet.source, 'source'),
                destination: mapped(packet.destination, 'destination'),
                protocol: packet.protocol === 1 ? 58 : packet.protocol,
              }
            : packet;
          const ported = [6, 17, 132].includes(moved.protocol);
          const echo = moved.protocol === 1 ? 8 * 256 : moved.protocol === 58 ? 128 * 256 : 0;
          const slot = imageMatch(image, INSIDE, OUTSIDE, {
            ...moved,
            family,
            sourcePort: ported ? moved.sourcePort : 0,
            destinationPort: ported ? moved.destinationPort : echo,
          });
          const index = firstClassbench(rules, moved, six ? 128 : 32);
          const got = slot === null ? null : bySlot.get(slot)?.rule.name;
          if (got !== (index === null ? null : `r${index}`)) wrong.push({ moved, index, got });
        }
        expect(wrong).toEqual([]);
      },
    );
  },
);
