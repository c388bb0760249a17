// SPDX-License-Identifier: BSD-3-Clause
import path from 'node:path';
import pino, { type Logger } from 'pino';
import type { Counters } from '../datapath/libsluice.js';
import { dropNames } from '../datapath/libsluice.js';
import { formatAddress } from '../net/address.js';
import { readAddress } from '../tables/address.js';
import { MESSAGES, MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { measure, readRecord, type RecordOf } from '../tables/records.js';
import type { Counting } from './counting.js';
import type { Names } from './names.js';
import { moment } from './show/source.js';

/** ms between looks at the rings: 4096 records each, so 20,000 events a second fit without loss. */
const PERIOD = 200;

const EVENTS = new Map<number, string>([
  [M.LOG_SESSION_START, 'session-start'],
  [M.LOG_SESSION_END, 'session-end'],
  [M.LOG_DENY, 'deny'],
]);

/** JSON lines in RUN_DIR/sluiced.log. */
export function openLog(directory: string): Logger {
  const destination = pino.destination({
    dest: path.join(directory, 'sluiced.log'),
    mode: 0o640,
    sync: false,
  });
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** Moves the records of the workers' rings into the log, and says how many were lost. */
export class LogDrain {
  readonly #counting: Counting;
  readonly #names: Names;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #lost: bigint[] = [];

  constructor(counting: Counting, names: Names, log: Logger) {
    this.#counting = counting;
    this.#names = names;
    this.#log = log;
    this.#timer = setInterval(() => this.drain(), PERIOD);
    this.#timer.unref();
  }

  drain(): void {
    const counters = this.#counting.perhaps;
    if (counters === null) return;
    const { workers } = counters.head();
    const { size } = measure(MESSAGES.log_record);
    let reasons: readonly string[] | null = null;
    for (let worker = 0; worker < workers; worker++) {
      const { records, lost } = counters.takeLog(worker);
      const view = new DataView(records.buffer, records.byteOffset, records.length);
      for (let at = 0; at < records.length; at += size) {
        reasons ??= dropNames(counters);
        this.#write(readRecord(MESSAGES.log_record, view, at), reasons);
      }
      this.#tellLost(counters, worker, lost);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.drain();
  }

  #tellLost(counters: Counters, worker: number, lost: bigint): void {
    const known = this.#lost[worker] ?? 0n;
    // A datapath that started anew counts from nothing.
    const more = lost >= known ? lost - known : lost;
    if (more > 0n) {
      const pid = counters.head().pid;
      this.#log.warn({ event: 'log-records-lost', worker, records: Number(more), pid });
    }
    this.#lost[worker] = lost;
  }

  #write(record: RecordOf<typeof MESSAGES.log_record>, reasons: readonly string[]): void {
    const { type, family, protocol, time } = record;
    const names = this.#names;
    const ended = type === M.LOG_SESSION_END;
    this.#log.info({
      event: EVENTS.get(type) ?? `event ${type}`,
      at: moment(time),
      protocol,
      source: formatAddress(readAddress(record.source, family)),
      source_port: record.source_port,
      destination: formatAddress(readAddress(record.destination, family)),
      destination_port: record.destination_port,
      in: names.interface(record.in) ?? 'local',
      out: names.interface(record.out),
      from: names.zone(record.from),
      to: names.zone(record.to),
      rule: names.rule(record.rule),
      ...(type === M.LOG_DENY ? { reason: reasons[record.reason] ?? 'unknown' } : {}),
      ...(ended
        ? {
            packets: Number(record.packets),
            bytes: Number(record.bytes),
            duration_ms: record.duration,
          }
        : {}),
    });
  }
}
