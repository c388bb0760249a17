// SPDX-License-Identifier: BSD-3-Clause
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { IpfixCollector } from '../../system/model.js';
import { IpfixEncoder } from './message.js';
import type { IpfixRecord } from './templates.js';

/** ms until templates are told again. */
const REFRESH = 300_000;

/** Sends records to one collector over UDP (RFC 7011, 10.3). */
export class IpfixSender {
  readonly collector: IpfixCollector;
  readonly #socket: Socket;
  readonly #encoder: IpfixEncoder;

  /** `failed` is told once when sending begins to fail, and once more after it went well again. */
  constructor(collector: IpfixCollector, failed: (message: string) => void) {
    this.collector = collector;
    this.#encoder = new IpfixEncoder(collector.domain, REFRESH);
    this.#socket = createSocket({ type: isIP(collector.to) === 6 ? 'udp6' : 'udp4' });
    this.#failed = failed;
    this.#socket.on('error', (error) => this.#note(error));
    this.#socket.unref();
  }

  readonly #failed: (message: string) => void;
  #failing = false;

  send(records: readonly IpfixRecord[], now: number): void {
    const { to, port } = this.collector;
    for (const message of this.#encoder.encode(records, now))
      this.#socket.send(message, port, to, (error) => this.#note(error));
  }

  close(): void {
    this.#socket.close();
  }

  #note(error: Error | null): void {
    if (error !== null && !this.#failing) this.#failed(error.message);
    this.#failing = error !== null;
  }
}
