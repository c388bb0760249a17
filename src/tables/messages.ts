// SPDX-License-Identifier: BSD-3-Clause
/**
 * Records that cross between the planes besides the table image: the offline helper's frames, the
 * control socket, the shared counters' directory and the log ring. Same rules as the image's layout.
 */
import type { RecordLayout } from './layout.js';

export const MESSAGE_CONSTANTS = {
  /** Raised whenever a record below changes. */
  PROTOCOL_VERSION: 3,

  /** Frame types of `sluice-datapath --offline` (stdin, stdout). */
  FRAME_HELLO: 1 /* child, once: NUL-terminated names of the drop reasons by id */,
  FRAME_IMAGE: 2 /* to child: image bytes; answer: empty, or FRAME_ERROR */,
  FRAME_BATCH: 3 /* to child: batch record, then packets; answer: FRAME_RESULT */,
  FRAME_RESULT: 4 /* result_head, results, then outputs */,
  FRAME_ERROR: 5 /* child: UTF-8 text */,

  /** Stateless trace: each packet as the first of a new flow, on an empty session table. */
  MODE_TRACE: 0,
  /** Packets in order over one session table that lives from batch to batch. */
  MODE_STATEFUL: 1,
  /** As stateful, from captures: every packet out is returned too. */
  MODE_REPLAY: 2,

  VERDICT_ALLOW: 0,
  VERDICT_DENY: 1,
  VERDICT_REJECT: 2,
  FATE_FORWARDED: 0,
  FATE_LOCAL: 1,
  FATE_DROPPED: 2,
  SESSION_NONE: 0,
  SESSION_HIT: 1,
  SESSION_NEW: 2,
  /** New too: a helper announced it. */
  SESSION_EXPECTED: 3,
  ROUTE_NOT_ASKED: 0,
  ROUTE_LOCAL: 1,
  ROUTE_FOUND: 2,
  ROUTE_MISSING: 3,
  RULE_NOT_ASKED: 0xffffffff,
  /** `input` of an output packet the box made by itself. */
  INPUT_GENERATED: 0xffffffff,
  /** The last packets of a replay have come: settle what is held. */
  BATCH_LAST: 1,

  COUNTERS_MAGIC: 0x43544c53,
  LOG_SESSION_START: 1,
  LOG_SESSION_END: 2,
  LOG_DENY: 3,
  LOG_NAT_FULL: 4 /* `rule` is the NAT rule; once a second and worker */,
  /**
   * A port block lent to `source`, and given back after `duration`: `destination` is the public IPv4
   * address, its first and last port lie in source_port and destination_port; `rule` the NAT rule.
   */
  LOG_NAT_BLOCK: 5,
  LOG_NAT_BLOCK_END: 6,
  LOG_RING_RECORDS: 4096,

  /** Requests of the control socket (SOCK_SEQPACKET); a body rides in a memfd beside the record. */
  OP_VERSION: 1,
  OP_STAGE: 2 /* memfd: image. Answer JSON {generation, built, kept, ms} */,
  OP_ACTIVATE: 3 /* argument: generation. Answer JSON {generation, kept, ended, ms} */,
  OP_DISCARD: 4,
  OP_STATUS: 5 /* JSON {pid, generation, workers, ports…} */,
  OP_SESSIONS: 6 /* memfd in: session_filter. Answer JSON in a memfd */,
  OP_CLEAR_SESSIONS: 7 /* session_filter; argument 1: only count. Answer JSON {cleared} */,
  OP_ROUTES: 8,
  OP_NEIGHBORS: 9,
  OP_GRAPH: 10,
  OP_INTERFACES: 11,
  OP_PREVIEW: 12 /* argument: generation, which is staged. Answer JSON {kept, ended, …} */,
  OP_RULES: 13 /* what live sessions counted, by rule slot */,
  OP_NAT: 14 /* live sessions by the source address they were given */,
  OP_NAT_BLOCKS: 17 /* port blocks of CGNAT: {blocks, more, addresses} */,
  OP_BACKENDS: 16 /* what backends did, by backend slot */,
  OP_HELPERS: 18 /* sessions with helpers, and flows they expect */,
  OP_SAS: 19 /* IPsec: {sas, policies} */,
  OP_BALANCE: 15 /* memfd: balance, then its entries as in maglev. Replaces that table */,
  /** Only sessions that translate. */
  FILTER_NAT: 1,
  /** `destination` and `port` are those of the real server. */
  FILTER_SERVER: 2,
  /** Whole messages are at most this long; longer bodies ride in a memfd. */
  MESSAGE_MAX: 4096,
} as const;

export const MESSAGES = {
  frame: {
    id: 0,
    doc: 'Head of each offline frame; `length` bytes of payload follow.',
    fields: [
      ['length', 'u32'],
      ['type', 'u32', 'FRAME_*'],
    ],
  },
  batch: {
    id: 0,
    doc: 'Head of FRAME_BATCH.',
    fields: [
      ['mode', 'u16', 'MODE_*'],
      ['flags', 'u16', 'BATCH_*'],
      ['count', 'u32'],
    ],
  },
  packet: {
    id: 0,
    doc: 'One packet in, followed by its bytes from the Ethernet header on, padded to 8.',
    fields: [
      ['time', 'u64', 'ns since the epoch, never decreasing within a session table'],
      ['length', 'u32', 'bytes that follow'],
      ['iface', 'u16', 'ingress slot of the port itself; VLAN tags choose the child'],
      ['flags', 'u16', '0'],
    ],
  },
  result_head: {
    id: 0,
    doc: 'Head of FRAME_RESULT: results, then outputs, in this order.',
    fields: [
      ['results', 'u32'],
      ['outputs', 'u32'],
    ],
  },
  result: {
    id: 0,
    doc: 'What became of one packet in. Reasons are ids of drop reasons, 0 for none.',
    fields: [
      ['input', 'u32', 'number of the packet within all batches since the image'],
      ['rule', 'u32', 'slot the policy matched, RULE_NOT_ASKED if it was not asked'],
      ['next_hop', 'bytes16', 'IPv4 in the first four bytes; zero when on-link or none'],
      ['source', 'bytes16', 'what a new session translates the source to'],
      ['destination', 'bytes16', 'and the destination'],
      ['source_rule', 'u32', 'slot of the NAT rule, TRANSLATION_NONE without one'],
      ['destination_rule', 'u32'],
      ['source_port', 'u16', 'host order'],
      ['destination_port', 'u16'],
      ['backend', 'u32', 'slot of the backend that was chosen, 0 for none'],
      ['in', 'u16', 'interface slot after VLAN'],
      ['out', 'u16', 'egress slot, IFACE_NONE for none or local'],
      ['from', 'u16', 'zone slot'],
      ['to', 'u16', 'zone slot'],
      ['reason', 'u16'],
      ['verdict', 'u8', 'VERDICT_*: what the policy or session says'],
      ['fate', 'u8', 'FATE_*'],
      ['session', 'u8', 'SESSION_*'],
      ['route', 'u8', 'ROUTE_*'],
      ['family', 'u8', '4, 6 or 0'],
      ['protocol', 'u8'],
      ['translated_family', 'u8', 'of source and destination; 0 where nothing is translated'],
      ['reserved', 'u8'],
      ['reserved2', 'u16'],
      ['reserved3', 'u32'],
    ],
  },
  output: {
    id: 0,
    doc: 'One packet out, followed by its bytes, padded to 8.',
    fields: [
      ['time', 'u64'],
      ['input', 'u32', 'the packet it came of, or INPUT_GENERATED'],
      ['length', 'u32'],
      ['iface', 'u16', 'slot of the port it leaves by; IFACE_NONE to the kernel'],
      ['reserved', 'u16'],
      ['reserved2', 'u32'],
    ],
  },
  request: {
    id: 0,
    doc: 'A control request; answered by one response with the same `op` and `tag`.',
    fields: [
      ['version', 'u32', 'PROTOCOL_VERSION'],
      ['op', 'u32', 'OP_*'],
      ['tag', 'u64'],
      ['argument', 'u64'],
    ],
  },
  response: {
    id: 0,
    doc: 'JSON or an error text follows, or lies in the memfd sent with it.',
    fields: [
      ['status', 'u32', '0 or an errno; then the body is a text for the user'],
      ['op', 'u32'],
      ['tag', 'u64'],
      ['length', 'u64', 'bytes of the body, wherever it lies'],
    ],
  },
  session_filter: {
    id: 0,
    doc: 'Which sessions to show or clear; all given parts must fit.',
    fields: [
      ['source', 'bytes16'],
      ['destination', 'bytes16'],
      ['rule', 'u32', 'slot, or RULE_NOT_ASKED for any'],
      ['limit', 'u32', 'sessions to answer at the most; 0 for no limit'],
      ['protocol', 'u16', 'PROTO_ANY for any'],
      ['from', 'u16', 'zone slot, 0 for any'],
      ['to', 'u16', 'zone slot, 0 for any'],
      ['port', 'u16', 'destination port, 0 for any'],
      ['family', 'u8', '4, 6, or 0 for both'],
      ['source_length', 'u8', 'prefix length; 0 for any'],
      ['destination_length', 'u8'],
      ['flags', 'u8', 'FILTER_*'],
    ],
  },
  balance: {
    id: 0,
    doc: 'Head of OP_BALANCE; holds for images whose balancer has this slot and hash.',
    fields: [
      ['hash', 'bytes16'],
      ['slot', 'u16'],
      ['reserved', 'u16'],
      ['entries', 'u32', 'as many as the image has'],
    ],
  },
  counters_head: {
    id: 0,
    doc: 'First bytes of the shared counters file; `arrays` array records follow at once.',
    fields: [
      ['magic', 'u32', 'COUNTERS_MAGIC'],
      ['version', 'u32', 'PROTOCOL_VERSION'],
      ['total', 'u64', 'bytes'],
      ['boot', 'u64', 'ns since the epoch when the datapath started'],
      ['generation', 'u64', 'of the running image, 0 for none'],
      ['pid', 'u32'],
      ['workers', 'u32'],
      ['arrays', 'u32'],
      ['reserved', 'u32'],
    ],
  },
  counters_array: {
    id: 0,
    doc: 'An array of records per worker: at offset + worker * stride + slot * record.',
    fields: [
      ['name', 'bytes32', 'NUL-padded: drop, rule, iface, worker, log, names'],
      ['offset', 'u64'],
      ['stride', 'u64', 'bytes from one worker to the next; 0 for one array of all'],
      ['count', 'u32', 'records a worker'],
      ['record', 'u32', 'bytes'],
    ],
  },
  drop_counter: {
    id: 0,
    doc: "Array `drop`, by reason id; the reasons' names lie NUL-terminated in `names`.",
    fields: [['packets', 'u64']],
  },
  rule_counter: {
    id: 0,
    doc: 'Array `rule`, by rule slot. Packets and bytes of sessions are added when they end.',
    fields: [
      ['hits', 'u64', 'packets judged'],
      ['packets', 'u64'],
      ['bytes', 'u64', 'IP bytes'],
      ['last', 'u64', 'ns since the epoch of the last hit, to about a second'],
    ],
  },
  iface_counter: {
    id: 0,
    doc: 'Array `iface`, by interface slot; bytes from the Ethernet header on.',
    fields: [
      ['rx_packets', 'u64'],
      ['rx_bytes', 'u64'],
      ['tx_packets', 'u64'],
      ['tx_bytes', 'u64'],
      ['rx_dropped', 'u64', 'packets of this ingress interface with any drop reason'],
      ['to_host', 'u64'],
      ['from_host', 'u64'],
      ['reserved', 'u64'],
    ],
  },
  worker_counter: {
    id: 0,
    doc: 'Array `worker`, one record each.',
    fields: [
      ['loops', 'u64'],
      ['busy_cycles', 'u64', 'TSC cycles in loops that moved a packet'],
      ['idle_cycles', 'u64'],
      ['sessions4', 'u64', 'live now'],
      ['sessions6', 'u64'],
      ['created', 'u64'],
      ['ended', 'u64'],
      ['handed_over', 'u64', 'packets given to another worker'],
    ],
  },
  log_ring: {
    id: 0,
    doc: 'Array `log`, one a worker: this head, then LOG_RING_RECORDS log records.',
    fields: [
      ['head', 'u64', 'records written since start; only the worker writes'],
      ['lost', 'u64', 'records not written since the ring was full; only the worker writes'],
      ['limited', 'u64', "records not written for their rule's limit; only the worker writes"],
      ['pad0', 'u64'],
      ['pad1', 'bytes32'],
      ['tail', 'u64', 'records read; only the reader writes'],
      ['pad2', 'bytes16'],
      ['pad3', 'bytes32'],
      ['pad4', 'u64'],
    ],
  },
  log_record: {
    id: 0,
    doc: 'One event. Addresses and ports as on the ingress wire, ports in host order.',
    fields: [
      ['time', 'u64', 'ns since the epoch'],
      ['source', 'bytes16'],
      ['destination', 'bytes16'],
      ['packets_forward', 'u64', 'of the session at its end'],
      ['packets_reply', 'u64'],
      ['bytes_forward', 'u64', 'IP bytes'],
      ['bytes_reply', 'u64'],
      ['rule', 'u32'],
      ['duration', 'u32', 'ms'],
      ['source_port', 'u16'],
      ['destination_port', 'u16', 'ICMP: type * 256 + code'],
      ['in', 'u16'],
      ['out', 'u16'],
      ['from', 'u16'],
      ['to', 'u16'],
      ['reason', 'u16', 'drop reason or why the session ended'],
      ['type', 'u8', 'LOG_*'],
      ['family', 'u8'],
      ['protocol', 'u8'],
      ['worker', 'u8'],
      ['reserved', 'u16'],
      ['reserved2', 'u32'],
    ],
  },
} as const satisfies Record<string, RecordLayout>;
