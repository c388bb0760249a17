// SPDX-License-Identifier: BSD-3-Clause
import type { Model } from '../compiler/model.js';
import { ruleKey, slotOf, type Slots } from '../compiler/slots.js';
import { etherFrame } from '../datapath/frame.js';
import type { OfflineDatapath, OfflineResult } from '../datapath/offline.js';
import { buildPacket } from '../datapath/packet.js';
import type { Diagnostic, Excerpt } from '../diagnostics/diagnostic.js';
import type { Position } from '../diagnostics/position.js';
import { parseEnd, parsePacket, wordsOf, type PacketText } from '../firewall/packet.js';
import type { Address } from '../net/sets.js';
import { readAddress } from '../tables/address.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { phases } from './phases.js';
import { familyOf, translationOf, type Nat } from './translation.js';
import { Names, type SlotNames } from './verdicts.js';

/** An assertion ready to be asked: its packet as bytes and the outcome by slots. */
export interface Assertion {
  readonly text: string;
  readonly at: Position;
  readonly excerpt: Excerpt | null;
  /** Slot of the port the packet enters by. */
  readonly iface: number;
  /** Name of the interface it enters by. */
  readonly entered: string;
  readonly frame: Uint8Array;
  readonly verdict: 'allow' | 'deny' | 'reject';
  /** null where the assertion leaves it open. */
  readonly rule: number | null;
  readonly out: number | 'local' | null;
  /** Ends after translation; a port is 0 where it is left open. */
  readonly source: End | null;
  readonly destination: End | null;
  /** One of these backends; null where it is left open. */
  readonly backends: readonly string[] | null;
  readonly packet: PacketText;
}

type End = { readonly address: Address; readonly port: number };

/** Assertions asked at once. */
const BATCH = 1000;

/** The assertions of a model whose checks have passed. */
export function assertionsOf(model: Model, slots: Slots): Assertion[] {
  const interfaces = new Map(model.interfaces.map((one) => [one.name, one]));
  return model.assertions.map(({ text, at, excerpt }) => {
    const arrow = text.indexOf('=>');
    const packet = parsePacket(text.slice(0, arrow).trimEnd());
    if ('problem' in packet) throw new Error(`an assertion that was checked: ${packet.problem}`);
    const entry = interfaces.get(packet.interface);
    const words = wordsOf(text.slice(arrow + 2)).map((word) => word.text);
    const name = words[1]?.includes('/') === true ? words[1] : null;
    const end = (word: string): End | null => {
      const text = words.includes(word) ? words[words.indexOf(word) + 1] : undefined;
      const found = text === undefined ? '' : parseEnd(text, packet.protocol);
      return typeof found === 'string' ? null : found;
    };
    const out = words.includes('out') ? (words[words.indexOf('out') + 1] ?? null) : null;
    return {
      text,
      at,
      excerpt,
      iface: slotOf(slots.interfaces, entry?.parent ?? packet.interface),
      entered: packet.interface,
      frame: etherFrame(buildPacket(packet), packet.source.family, entry?.vlan ?? 0, packet.mac),
      verdict: words[0] === 'allow' ? 'allow' : words[0] === 'reject' ? 'reject' : 'deny',
      rule: name === null ? null : slotOf(slots.rules, ruleKey(...split(name))),
      out: out === null || out === 'local' ? out : slotOf(slots.interfaces, out),
      source: end('source'),
      destination: end('destination'),
      backends: words.includes('backend')
        ? (words[words.indexOf('backend') + 1] ?? '').split('|')
        : null,
      packet,
    };
  });
}

/**
 * Asks the fast path itself, offline and with declared routes only; each assertion that does not
 * hold comes back as a diagnostic with its trace. Throws DatapathError and ImageRefused.
 */
export async function failing(
  assertions: readonly Assertion[],
  offline: OfflineDatapath,
  image: Uint8Array,
  slots: SlotNames,
): Promise<Diagnostic[]> {
  await offline.load(image);
  const names = new Names(slots, offline);
  const time = BigInt(Date.now()) * 1_000_000n;
  const failed: Diagnostic[] = [];
  for (let first = 0; first < assertions.length; first += BATCH) {
    const asked = assertions.slice(first, first + BATCH);
    const packets = asked.map(({ iface, frame }) => ({ time, iface, bytes: frame }));
    const { results } = await offline.run('trace', packets);
    for (const [i, assertion] of asked.entries()) {
      const result = results[i];
      if (result === undefined) throw new Error(`no answer for assertion ${first + i}`);
      if (!holds(assertion, result, names)) failed.push(refusal(assertion, result, names));
    }
  }
  return failed;
}

/** What drops a packet that a rule allows denies it too: a missing route, an invalid header. */
function holds(assertion: Assertion, result: OfflineResult, names: Names): boolean {
  const { verdict, rule, out, packet, backends } = assertion;
  const backend = names.backend(result.backend);
  if (backends !== null && (backend === null || !backends.includes(backend))) return false;
  const passed = result.fate !== M.FATE_DROPPED && result.verdict === M.VERDICT_ALLOW;
  const rejected = result.verdict === M.VERDICT_REJECT;
  if (verdict !== (passed ? 'allow' : rejected ? 'reject' : 'deny')) return false;
  if (rule !== null && result.rule !== rule) return false;
  const { source, sourcePort, destination, destinationPort } = packet;
  const before = { address: source, port: sourcePort };
  const asked = { address: destination, port: destinationPort };
  const after = (bytes: Uint8Array, port: number): End => ({
    address: readAddress(bytes, familyOf(result)),
    port,
  });
  const translated = result.source_rule !== 0 || result.destination_rule !== 0;
  const client = translated ? after(result.source, result.source_port) : before;
  const server = translated ? after(result.destination, result.destination_port) : asked;
  if (!fits(assertion.source, client) || !fits(assertion.destination, server)) return false;
  if (out === null) return true;
  return out === 'local' ? result.fate === M.FATE_LOCAL : result.out === out;
}

function fits(wanted: End | null, found: End): boolean {
  if (wanted === null) return true;
  const { family, value } = wanted.address;
  if (family !== found.address.family || value !== found.address.value) return false;
  return wanted.port === 0 || wanted.port === found.port;
}

function refusal(assertion: Assertion, result: OfflineResult, names: Names): Diagnostic {
  const { text, at, excerpt, entered } = assertion;
  const verdict = names.verdict(result, entered);
  const nat = translationOf(result, assertion.packet, names);
  return {
    code: 'assert-failed',
    severity: 'error',
    message: `'${text}' does not hold: the packet gets ${outcome(result, verdict, nat, names)}`,
    ...at,
    hint: null,
    related: [],
    excerpt,
    trace: { ...verdict, phases: phases(result, verdict.reason, names, nat) },
  };
}

/** What became of the packet, in the words of an assertion. */
function outcome(
  result: OfflineResult,
  { verdict, rule, reason }: ReturnType<Names['verdict']>,
  nat: Nat,
  names: Names,
): string {
  const decider = rule === null ? names.decider(result.rule) : `${rule.policy}/${rule.name}`;
  const out = names.iface(result.out);
  const way = result.fate === M.FATE_LOCAL ? 'out local' : out === null ? null : `out ${out}`;
  const parts = [
    verdict,
    result.rule === M.RULE_NOT_ASKED ? null : decider,
    nat.source === undefined ? null : `source ${nat.source.to}`,
    nat.destination === undefined ? null : `destination ${nat.destination.to}`,
    result.backend === 0 ? null : `backend ${names.backend(result.backend) ?? '?'}`,
    way,
    reason === null ? null : `(${reason})`,
  ];
  return parts.filter((part) => part !== null).join(' ');
}

function split(name: string): [policy: string, rule: string] {
  const slash = name.indexOf('/');
  return [name.slice(0, slash), name.slice(slash + 1)];
}
