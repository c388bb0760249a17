// SPDX-License-Identifier: BSD-3-Clause
import type { Model } from '../compiler/model.js';
import { ruleKey, slotOf, type Slots } from '../compiler/slots.js';
import { etherFrame } from '../datapath/frame.js';
import type { OfflineDatapath, OfflineResult } from '../datapath/offline.js';
import { buildPacket } from '../datapath/packet.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { Position } from '../diagnostics/position.js';
import { parsePacket, wordsOf } from '../firewall/packet.js';
import { CONSTANTS } from '../tables/layout.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import type { Names } from './names.js';

/** An assertion ready to be asked: its packet as bytes and the outcome by slots. */
export interface Assertion {
  readonly text: string;
  readonly at: Position;
  /** Slot of the port the packet enters by. */
  readonly iface: number;
  readonly frame: Uint8Array;
  readonly verdict: 'allow' | 'deny';
  /** null where the assertion leaves it open. */
  readonly rule: number | null;
  readonly out: number | 'local' | null;
}

/** The assertions of a model whose checks have passed. */
export function assertionsOf(model: Model, slots: Slots): Assertion[] {
  const interfaces = new Map(model.interfaces.map((one) => [one.name, one]));
  return model.assertions.map(({ text, at }) => {
    const arrow = text.indexOf('=>');
    const packet = parsePacket(text.slice(0, arrow).trimEnd());
    if ('problem' in packet) throw new Error(`an assertion that was checked: ${packet.problem}`);
    const entry = interfaces.get(packet.interface);
    const words = wordsOf(text.slice(arrow + 2)).map((word) => word.text);
    const name = words[1]?.includes('/') === true ? words[1] : null;
    const out = words.includes('out') ? (words[words.indexOf('out') + 1] ?? null) : null;
    return {
      text,
      at,
      iface: slotOf(slots.interfaces, entry?.parent ?? packet.interface),
      frame: etherFrame(buildPacket(packet), packet.source.family, entry?.vlan ?? 0),
      verdict: words[0] === 'allow' ? 'allow' : 'deny',
      rule: name === null ? null : slotOf(slots.rules, ruleKey(...split(name))),
      out: out === null || out === 'local' ? out : slotOf(slots.interfaces, out),
    };
  });
}

/** Asks the fast path itself, offline; what does not hold comes back as diagnostics. */
export async function failing(
  assertions: readonly Assertion[],
  offline: OfflineDatapath,
  image: Uint8Array,
  names: Names,
): Promise<Diagnostic[]> {
  await offline.load(image);
  const packets = assertions.map(({ iface, frame }) => ({ time: 0n, iface, bytes: frame }));
  const { results } = await offline.run('trace', packets);
  return assertions.flatMap((assertion, i) => {
    const result = results[i];
    if (result === undefined) throw new Error(`no answer for assertion ${i}`);
    if (holds(assertion, result)) return [];
    return [refusal(assertion, outcome(result, names, offline.reason(result.reason)))];
  });
}

function holds({ verdict, rule, out }: Assertion, result: OfflineResult): boolean {
  const passed = result.fate !== M.FATE_DROPPED && result.verdict === M.VERDICT_ALLOW;
  if (passed !== (verdict === 'allow')) return false;
  if (rule !== null && result.rule !== rule) return false;
  if (out === null) return true;
  return out === 'local' ? result.fate === M.FATE_LOCAL : result.out === out;
}

/** What became of the packet, in the words of an assertion. */
function outcome(result: OfflineResult, names: Names, reason: string | null): string {
  const verdict = result.verdict === M.VERDICT_ALLOW ? 'allow' : 'deny';
  const rule = result.rule === M.RULE_NOT_ASKED ? null : names.rule(result.rule);
  const way =
    result.fate === M.FATE_LOCAL
      ? 'out local'
      : result.out === CONSTANTS.IFACE_NONE
        ? null
        : `out ${names.interface(result.out)}`;
  const why = reason === null ? null : `(${reason})`;
  return [verdict, rule, way, why].filter((part) => part !== null).join(' ');
}

function refusal({ text, at }: Assertion, got: string): Diagnostic {
  return {
    code: 'assert-failed',
    severity: 'error',
    message: `'${text}' does not hold: the packet gets ${got}`,
    ...at,
    hint: null,
    related: [],
    excerpt: null,
  };
}

function split(name: string): [policy: string, rule: string] {
  const slash = name.indexOf('/');
  return [name.slice(0, slash), name.slice(slash + 1)];
}
