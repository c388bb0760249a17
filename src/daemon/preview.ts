// SPDX-License-Identifier: BSD-3-Clause
import type { EndedBy, ExampleSession } from './api/types.js';
import type { Names } from './names.js';
import { protocolName } from './show/sessions.js';

/** As OP_PREVIEW tells; rules by slot, interfaces too. */
export interface PreviewTold {
  readonly kept: number;
  readonly ended: number;
  readonly rules: readonly { readonly rule: number; readonly ended: number }[];
  readonly examples: readonly ExampleTold[];
}

interface ExampleTold {
  readonly rule: number;
  readonly decided_by: number;
  readonly source: string;
  readonly source_port: number;
  readonly destination: string;
  readonly destination_port: number;
  readonly protocol: number;
  readonly in: number;
  readonly out: number;
}

/** The sessions that would end by the rule they live by, most first; `staged` names what denies. */
export function endedBy(told: PreviewTold, running: Names, staged: Names): EndedBy[] {
  const examples = new Map<number, ExampleSession[]>();
  for (const one of told.examples) {
    const list = examples.get(one.rule) ?? [];
    examples.set(one.rule, list);
    list.push(example(one, running, staged));
  }
  return told.rules
    .map(({ rule: slot, ended }) => {
      const rule = running.ruleAt(slot);
      return {
        policy: rule?.policy ?? null,
        rule: rule?.name ?? running.rule(slot),
        file: rule?.file ?? null,
        line: rule?.line ?? null,
        count: ended,
        examples: examples.get(slot) ?? [],
      };
    })
    .sort((a, b) => b.count - a.count);
}

function example(told: ExampleTold, running: Names, staged: Names): ExampleSession {
  const { source, source_port, destination, destination_port } = told;
  return {
    protocol: protocolName(told.protocol),
    source,
    source_port,
    destination,
    destination_port,
    in: running.interface(told.in) ?? 'local',
    out: running.interface(told.out) ?? 'local',
    decided_by: staged.rule(told.decided_by),
  };
}
