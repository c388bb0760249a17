// SPDX-License-Identifier: BSD-3-Clause
import { EventEmitter } from 'node:events';
import pino, { type Logger } from 'pino';
import { dropNames } from '../datapath/libsluice.js';
import { formatAddress } from '../net/address.js';
import { readAddress } from '../tables/address.js';
import { MESSAGES, MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { measure, readRecord, type RecordOf } from '../tables/records.js';
import type { LogShown } from './api/types.js';
import type { Counting } from './counting.js';
import type { Names } from './names.js';
import { protocolName } from './show/sessions.js';
import { moment } from './show/source.js';

/** ms between looks at the rings: 4096 records each, so 20,000 events a second fit without loss. */
const PERIOD = 200;
/** ms between two messages that records were left out. */
const LEFT_OUT_PERIOD = 1000;
/** Records kept for `show log`. */
const RECENT = 10_000;

const EVENTS = new Map<number, string>([
  [M.LOG_SESSION_START, 'session-start'],
  [M.LOG_SESSION_END, 'session-end'],
  [M.LOG_DENY, 'deny'],
  [M.LOG_NAT_FULL, 'nat-full'],
  [M.LOG_NAT_BLOCK, 'nat-block'],
  [M.LOG_NAT_BLOCK_END, 'nat-block-end'],
]);

/** Why sessions end, by `enum sl_session_end`. */
const ENDS = ['', 'idle', 'finished', 'evicted', 'cleared', 'policy', 'shutdown'] as const;

/** JSON lines in a file; `-` is stdout, which under systemd is the journal. */
export function openLog(file: string): Logger {
  const destination = pino.destination({
    dest: file === '-' ? 1 : file,
    mode: 0o640,
    sync: false,
  });
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

interface Events {
  /** Records just taken, oldest first. */
  records: [readonly LogShown[]];
}

/**
 * Moves the records of the workers' rings into the log and keeps the last of them; says at most once
 * a second how many were left out.
 */
export class LogDrain extends EventEmitter<Events> {
  readonly #counting: Counting;
  readonly #names: Names;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  /** By worker: what its ring had left out when it was last looked at. */
  #known: { readonly lost: bigint; readonly limited: bigint }[] = [];
  #leftOut = { lost: 0, limited: 0 };
  #told = 0;
  #recent: LogShown[] = [];

  constructor(counting: Counting, names: Names, log: Logger) {
    super();
    this.setMaxListeners(0);
    this.#counting = counting;
    this.#names = names;
    this.#log = log;
    this.#timer = setInterval(() => this.drain(), PERIOD);
    this.#timer.unref();
  }

  /** The last records, oldest first. */
  get recent(): readonly LogShown[] {
    return this.#recent;
  }

  drain(): void {
    const counters = this.#counting.perhaps;
    if (counters === null) return;
    const { workers } = counters.head();
    const { size } = measure(MESSAGES.log_record);
    const taken: LogShown[] = [];
    let reasons: readonly string[] | null = null;
    for (let worker = 0; worker < workers; worker++) {
      const room = M.LOG_RING_RECORDS * size;
      for (let bytes = 0, more = true; more && bytes < room;) {
        const { records, lost, limited } = counters.takeLog(worker);
        const view = new DataView(records.buffer, records.byteOffset, records.length);
        reasons ??= dropNames(counters);
        for (let at = 0; at < records.length; at += size)
          taken.push(this.#shown(readRecord(MESSAGES.log_record, view, at), reasons));
        more = records.length > 0;
        bytes += records.length;
        this.#count(worker, lost, limited);
      }
    }
    if (taken.length > 0) {
      if (workers > 1) taken.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
      for (const record of taken) this.#log.info(record);
      this.#recent = [...this.#recent, ...taken].slice(-RECENT);
      this.emit('records', taken);
    }
    this.#tellLeftOut();
  }

  close(): void {
    clearInterval(this.#timer);
    this.drain();
  }

  #count(worker: number, lost: bigint, limited: bigint): void {
    const known = this.#known[worker] ?? { lost: 0n, limited: 0n };
    // A datapath that started anew counts from nothing.
    const since = (now: bigint, before: bigint): number =>
      Number(now >= before ? now - before : now);
    this.#leftOut.lost += since(lost, known.lost);
    this.#leftOut.limited += since(limited, known.limited);
    this.#known[worker] = { lost, limited };
  }

  #tellLeftOut(): void {
    const { lost, limited } = this.#leftOut;
    const now = performance.now();
    if ((lost === 0 && limited === 0) || now - this.#told < LEFT_OUT_PERIOD) return;
    this.#told = now;
    this.#leftOut = { lost: 0, limited: 0 };
    this.#log.warn({ event: 'log-left-out', lost, limited });
  }

  /** A port block of CGNAT. */
  #block(record: RecordOf<typeof MESSAGES.log_record>): LogShown {
    const rule = this.#names.ruleAt(record.rule);
    const client = formatAddress(readAddress(record.source, record.family));
    const lent = record.type === M.LOG_NAT_BLOCK;
    return {
      event: EVENTS.get(record.type) ?? '',
      at: moment(record.time) ?? '',
      protocol: 'any',
      source: record.family === 6 ? `${client}/64` : client,
      source_port: 0,
      destination: formatAddress(readAddress(record.destination, 4)),
      destination_port: 0,
      ports: `${record.source_port}-${record.destination_port}`,
      in: 'local',
      out: null,
      from: '',
      to: '',
      rule: this.#names.rule(record.rule),
      file: rule?.file ?? null,
      line: rule?.line ?? null,
      ...(lent ? {} : { duration_ms: record.duration }),
    };
  }

  #shown(record: RecordOf<typeof MESSAGES.log_record>, reasons: readonly string[]): LogShown {
    const { type, family, protocol, time, reason } = record;
    const names = this.#names;
    const rule = names.ruleAt(record.rule);
    const ended = type === M.LOG_SESSION_END;
    if (type === M.LOG_NAT_BLOCK || type === M.LOG_NAT_BLOCK_END) return this.#block(record);
    return {
      event: EVENTS.get(type) ?? `event ${type}`,
      at: moment(time) ?? '',
      protocol: protocolName(protocol),
      source: formatAddress(readAddress(record.source, family)),
      source_port: record.source_port,
      destination: formatAddress(readAddress(record.destination, family)),
      destination_port: record.destination_port,
      in: names.interface(record.in) ?? 'local',
      out: names.interface(record.out),
      from: names.zone(record.from),
      to: names.zone(record.to),
      rule: names.rule(record.rule),
      file: rule?.file ?? null,
      line: rule?.line ?? null,
      ...(record.far_family === 0 ? {} : { nat: farOf(record) }),
      ...(type === M.LOG_DENY || type === M.LOG_NAT_FULL
        ? { reason: reasons[reason] ?? 'unknown' }
        : {}),
      ...(ended
        ? {
            reason: ENDS[reason] ?? 'unknown',
            packets_forward: Number(record.packets_forward),
            packets_reply: Number(record.packets_reply),
            bytes_forward: Number(record.bytes_forward),
            bytes_reply: Number(record.bytes_reply),
            duration_ms: record.duration,
          }
        : {}),
    };
  }
}

function farOf(record: RecordOf<typeof MESSAGES.log_record>): NonNullable<LogShown['nat']> {
  const address = (bytes: Uint8Array): string =>
    formatAddress(readAddress(bytes, record.far_family));
  return {
    source: address(record.far_source),
    source_port: record.far_source_port,
    destination: address(record.far_destination),
    destination_port: record.far_destination_port,
  };
}
