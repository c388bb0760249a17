// SPDX-License-Identifier: BSD-3-Clause
import { hostname } from 'node:os';
import type { SyslogServer } from '../system/model.js';
import { SyslogSender, syslogLine, type Severity, type SyslogState } from '../telemetry/syslog.js';
import type { LogShown } from './api/types.js';
import type { LogDrain } from './log.js';

const WARNING = new Set(['deny', 'nat-full']);

/** Sends the records of the log to the syslog servers of the model in force. */
export class ForwardedLog {
  readonly #log: LogDrain;
  readonly #tell: (records: readonly LogShown[]) => void;
  #senders: SyslogSender[] = [];

  constructor(log: LogDrain) {
    this.#log = log;
    this.#tell = (records) => {
      if (this.#senders.length > 0) for (const record of records) this.#send(record);
    };
    log.on('records', this.#tell);
  }

  get states(): readonly SyslogState[] {
    return this.#senders.map(({ state }) => state);
  }

  /** Connections to servers that stay are kept. */
  take(servers: readonly SyslogServer[]): void {
    const key = (server: SyslogServer): string => JSON.stringify(server);
    const wanted = new Map(servers.map((server) => [key(server), server]));
    const kept = this.#senders.filter((sender) => wanted.delete(key(sender.server)));
    for (const sender of this.#senders) if (!kept.includes(sender)) sender.close();
    this.#senders = [...kept, ...[...wanted.values()].map((server) => new SyslogSender(server))];
  }

  close(): void {
    this.#log.off('records', this.#tell);
    this.take([]);
  }

  #send(record: LogShown): void {
    const severity: Severity = WARNING.has(record.event) ? 4 : 6;
    const { at, event } = record;
    const message = { at, event, severity, text: JSON.stringify(record) };
    const line = syslogLine(message, hostname(), process.pid);
    for (const sender of this.#senders) sender.send(line);
  }
}
