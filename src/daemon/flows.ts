// SPDX-License-Identifier: BSD-3-Clause
import { etherFrame } from '../datapath/frame.js';
import type { OfflineDatapath, OfflinePacket, OfflineResult } from '../datapath/offline.js';
import { buildPacket } from '../datapath/packet.js';
import { parsePacket, type PacketText } from '../firewall/packet.js';
import { parsePrefix } from '../net/address.js';
import type { Address, Prefix } from '../net/sets.js';
import { readAddress } from '../tables/address.js';
import type { DecodedImage } from '../tables/decode.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { Names as Traced } from '../trace/verdicts.js';
import type { FlowAsked, FlowChange, FlowOutcome, FlowsTold } from './api/flows.js';
import type { LogShown } from './api/types.js';
import type { InterfaceName, Names } from './names.js';
import { endpoint } from './show/sessions.js';

/** Tables, with what their slots are called. */
export interface Side {
  readonly image: Uint8Array;
  readonly decoded: DecodedImage;
  readonly names: Names;
}

const BATCH = 1000;
/** Where the interface of a flow is left to its source. */
const BY_SOURCE = '-';

/** What of flows would change, asked of the fast path itself, offline and with declared routes only. */
export async function flowChanges(
  asked: readonly FlowAsked[],
  offline: OfflineDatapath,
  before: Side,
  after: Side,
): Promise<FlowsTold> {
  const entries = new Entries(before);
  const known = asked.flatMap((flow) => {
    const packet = parsePacket(flow.packet);
    const name = 'problem' in packet ? undefined : entries.of(packet);
    return 'problem' in packet || name === undefined ? [] : [{ flow, packet, name }];
  });
  const [old, now] = [
    await outcomes(known, offline, before),
    await outcomes(known, offline, after),
  ];
  const changed = known.flatMap(({ flow, packet, name }, i): FlowChange[] => {
    const [was, will] = [old[i] as FlowOutcome, now[i] as FlowOutcome];
    const same = was.verdict === will.verdict && was.rule === will.rule && was.out === will.out;
    if (same) return [];
    const text =
      packet.interface === BY_SOURCE ? flow.packet.replace(BY_SOURCE, name) : flow.packet;
    return [{ packet: text, count: flow.count, before: was, after: will }];
  });
  const verdict = (one: FlowChange): number => (one.before.verdict === one.after.verdict ? 1 : 0);
  return {
    flows: asked.length,
    seen: asked.reduce((sum, { count }) => sum + count, 0),
    unplaced: asked.length - known.length,
    changed: changed.sort((a, b) => verdict(a) - verdict(b) || b.count - a.count),
  };
}

async function outcomes(
  flows: readonly { readonly packet: PacketText; readonly name: string }[],
  offline: OfflineDatapath,
  { image, names }: Side,
): Promise<FlowOutcome[]> {
  await offline.load(image);
  const interfaces = new Map(names.interfaces.map((one) => [one.name, one]));
  const traced = new Traced(names.slots, offline);
  const time = BigInt(Date.now()) * 1_000_000n;
  const found = flows.map((): FlowOutcome => GONE);
  const places: number[] = [];
  const packets: OfflinePacket[] = [];
  for (const [i, { packet, name }] of flows.entries()) {
    const entry = interfaces.get(name);
    if (entry === undefined) continue;
    places.push(i);
    const bytes = etherFrame(
      buildPacket(packet),
      packet.source.family,
      entry.vlan ?? 0,
      packet.mac,
    );
    packets.push({ time, iface: entry.parentSlot ?? entry.slot, bytes });
  }
  for (let first = 0; first < packets.length; first += BATCH) {
    const { results } = await offline.run('trace', packets.slice(first, first + BATCH));
    for (const [i, result] of results.entries())
      found[places[first + i] as number] = outcome(result, traced, names);
  }
  return found;
}

/** The interface it enters by is no more. */
const GONE: FlowOutcome = {
  verdict: 'deny',
  rule: 'its interface is gone',
  file: null,
  line: null,
  out: null,
  reason: null,
};

function outcome(result: OfflineResult, traced: Traced, names: Names): FlowOutcome {
  const { verdict, rule, reason, out } = traced.verdict(result, '');
  const passes = result.fate !== M.FATE_DROPPED && verdict === 'allow';
  return {
    verdict: passes ? 'allow' : verdict === 'reject' ? 'reject' : 'deny',
    rule:
      rule !== null
        ? `${rule.policy}/${rule.name}`
        : result.rule === M.RULE_NOT_ASKED
          ? (reason ?? 'no rule was asked')
          : names.rule(result.rule),
    file: rule?.file ?? null,
    line: rule?.line ?? null,
    out,
    reason,
  };
}

/** Where packets enter, by what lies behind the interfaces. */
class Entries {
  readonly #names: ReadonlySet<string>;
  readonly #behind: { readonly prefix: Prefix; readonly name: string }[] = [];

  constructor({ decoded, names }: Side) {
    this.#names = new Set(names.interfaces.map(({ name }) => name));
    const zoned = names.interfaces.filter(({ zone }) => zone !== null);
    for (const { name, addresses } of zoned)
      for (const text of addresses) {
        const prefix = parsePrefix(text);
        if (typeof prefix !== 'string') this.#behind.push({ prefix, name });
      }
    const bySlot = new Map(zoned.map((one): [number, InterfaceName] => [one.slot, one]));
    const connected = [...this.#behind];
    for (const { address, via, iface, family, length } of decoded.records('routes')) {
      const gateway = readAddress(via, family);
      const name = bySlot.get(iface)?.name ?? nearest(connected, gateway);
      if (name === undefined) continue;
      this.#behind.push({ prefix: { address: readAddress(address, family), length }, name });
    }
  }

  of({ interface: name, source }: PacketText): string | undefined {
    if (name !== BY_SOURCE) return this.#names.has(name) ? name : undefined;
    return nearest(this.#behind, source);
  }
}

/** By the longest prefix that holds an address. */
function nearest(
  among: readonly { readonly prefix: Prefix; readonly name: string }[],
  { family, value }: Address,
): string | undefined {
  let best: { readonly length: number; readonly name: string } | undefined;
  for (const { prefix, name } of among) {
    const { address, length } = prefix;
    if (address.family !== family || length < (best?.length ?? 0)) continue;
    const host = BigInt((family === 4 ? 32 : 128) - length);
    if (address.value >> host === value >> host) best = { length, name };
  }
  return best?.name;
}

/** The flows of the log's last minutes: sessions that began, and what was denied. */
export function flowsOfLog(
  records: readonly LogShown[],
  minutes: number,
  now = Date.now(),
): FlowAsked[] {
  const since = new Date(now - minutes * 60_000).toISOString();
  const flows = new Map<string, { packet: string; count: number }>();
  for (const one of records) {
    if (one.at < since || one.in === 'local') continue;
    if (one.event !== 'session-start' && one.event !== 'deny') continue;
    const packet = packetOf(one);
    const key = packetOf({ ...one, source_port: 0 });
    const known = flows.get(key);
    if (known !== undefined) known.count++;
    else flows.set(key, { packet, count: 1 });
  }
  return [...flows.values()];
}

function packetOf(one: LogShown): string {
  const { protocol, source, source_port: from, destination, destination_port: to } = one;
  const name = /^[0-9]+$/.test(protocol) ? `proto/${protocol}` : protocol;
  if (name === 'icmp' || name === 'icmpv6')
    return `${one.in} ${name}/${to >> 8}/${to & 255} ${source} ${destination}`;
  const ends =
    name === protocol ? [endpoint(source, from), endpoint(destination, to)] : [source, destination];
  return `${one.in} ${name} ${ends.join(' ')}`;
}
