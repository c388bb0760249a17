// SPDX-License-Identifier: BSD-3-Clause
import type { OfflineResult } from '../../datapath/offline.js';
import { formatAddress } from '../../net/address.js';
import { hasPorts, PROTOCOLS } from '../../net/services.js';
import { TCP_FLAGS } from '../../firewall/packet.js';
import { readAddress } from '../../tables/address.js';
import { MESSAGES, MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import { measure, readRecord, type RecordOf } from '../../tables/records.js';
import { phases } from '../../trace/phases.js';
import { sealing, type SealingTunnel } from '../../trace/sealing.js';
import { endsOf, endText, translationOf, type Translated } from '../../trace/translation.js';
import { Names as TraceNames } from '../../trace/verdicts.js';
import type { PacketShown } from '../api/packets.js';
import type { Names } from '../names.js';
import { protocolName } from '../show/sessions.js';

type Captured = RecordOf<typeof MESSAGES.captured>;

/** A packet as the fast path hands it over. */
export interface TakenPacket {
  readonly captured: Captured;
  readonly result: OfflineResult;
  readonly bytes: Buffer;
}

export interface Taken {
  readonly packets: readonly TakenPacket[];
  readonly lost: number;
  readonly limited: number;
}

/** The answer to OP_CAPTURE_TAKE, oldest packet first. */
export function readTaken(answer: Buffer): Taken {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  const head = readRecord(MESSAGES.captured_head, view, 0);
  let at = measure(MESSAGES.captured_head).size;
  const packets: TakenPacket[] = [];
  for (let i = 0; i < head.packets; i++) {
    const captured = readRecord(MESSAGES.captured, view, at);
    at += measure(MESSAGES.captured).size;
    const result = readRecord(MESSAGES.result, view, at);
    at += measure(MESSAGES.result).size;
    packets.push({ captured, result, bytes: answer.subarray(at, at + captured.kept) });
    at += (captured.kept + 7) & ~7;
  }
  packets.sort((a, b) => Number(a.captured.time - b.captured.time));
  return { packets, lost: Number(head.lost), limited: Number(head.limited) };
}

/** What names the slots of packets: those of what is in force, and drop reasons by id. */
export interface Naming {
  readonly names: Names;
  readonly reasons: readonly string[];
  readonly tunnels: readonly SealingTunnel[];
}

/** A packet for people and programs. */
export function packetShown(
  { captured, result: told, bytes }: TakenPacket,
  { names, reasons, tunnels }: Naming,
  { lost, limited }: Pick<Taken, 'lost' | 'limited'>,
): PacketShown {
  const reason = (id: number): string | null => (id === 0 ? null : (reasons[id] ?? 'unknown'));
  const traced = new TraceNames(names.slots, { reason });
  const { protocol, family } = told;
  const own = (captured.flags & M.CAPTURED_FROM_HOST) !== 0;
  const parts = {
    protocol,
    source: readAddress(captured.source, family),
    destination: readAddress(captured.destination, family),
    sourcePort: captured.source_port,
    destinationPort: captured.destination_port,
  };
  const result = { ...told, backend: backendOf(told, names) };
  const nat = translationOf(result, parts, traced);
  const { verdict, rule, reason: why, out } = traced.verdict(result, 'local');
  const sa = traced.tunnel(result);
  const sealed = sa === null ? null : sealing(sa, tunnels, endsOf(result, parts));
  const end = (address: typeof parts.source, port: number): string =>
    family === 0 ? '?' : endText(address, hasPorts(protocol) ? port : 0, protocol);
  return {
    at: new Date(Number(captured.time / 1_000_000n)).toISOString(),
    time: String(captured.time),
    protocol: family === 0 ? 'frame' : named(protocol, captured),
    source: end(parts.source, parts.sourcePort),
    destination: end(parts.destination, parts.destinationPort),
    flags: protocol === PROTOCOLS.tcp ? flagsText(captured.tcp_flags) : null,
    icmp_error: (captured.flags & M.CAPTURED_ICMP_ERROR) !== 0,
    fragment: (captured.flags & M.CAPTURED_FRAGMENT) !== 0,
    in: own ? null : names.interface(result.in),
    out,
    from: own ? 'local' : names.zone(result.from),
    to: names.zone(result.to),
    verdict,
    reason: why,
    decided_by: result.rule === M.RULE_NOT_ASKED || own ? null : traced.decider(result.rule),
    rule: own ? null : rule,
    nat: shortened(nat),
    backend: traced.backend(result.backend),
    sa,
    phases: phases(result, why, traced, nat, sealed),
    worker: captured.worker,
    length: captured.length,
    frame: bytes.toString('base64'),
    lost,
    limited,
  };
}

/** Sessions keep no backend: it is the one that has the address packets are sent to. */
function backendOf(result: OfflineResult, names: Names): number {
  if (result.destination_rule === 0) return result.backend;
  const to = formatAddress(readAddress(result.destination, result.translated_family));
  for (const { backends } of names.balancers)
    for (const { slot, address, port } of backends)
      if (address === to && (port === null || port === result.destination_port)) return slot;
  return result.backend;
}

function named(protocol: number, { icmp }: Captured): string {
  const name = protocolName(protocol);
  const isIcmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
  return isIcmp ? `${name}/${icmp >> 8}${(icmp & 0xff) === 0 ? '' : `/${icmp & 0xff}`}` : name;
}

function flagsText(flags: number): string | null {
  const text = [...TCP_FLAGS].flatMap(([flag, bit]) => (flags & bit ? [flag] : [])).join(',');
  return text === '' ? null : text;
}

function shortened(nat: { source?: Translated; destination?: Translated }): PacketShown['nat'] {
  const { source, destination } = nat;
  return {
    ...(source === undefined ? {} : { source: { from: source.from, to: source.to } }),
    ...(destination === undefined
      ? {}
      : { destination: { from: destination.from, to: destination.to } }),
  };
}
