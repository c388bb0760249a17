// SPDX-License-Identifier: BSD-3-Clause
import { connect, type Socket } from 'node:net';
import type { IpfixCollector } from '../../system/model.js';
import { IpfixEncoder } from './message.js';
import type { IpfixRecord } from './templates.js';

/** Records that wait for a collector that is away; the oldest go first. */
const MOST_WAITING = 10_000;
/** Bytes the kernel has not taken yet, beyond which a collector counts as too slow. */
const MOST_BEHIND = 2 ** 20;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/**
 * Sends records to one collector over TCP (RFC 7011, 10.4): each connection is a session of its own, with
 * its templates told once and its sequence from 0. A collector that is away is tried again.
 */
export class IpfixTcpSender {
  readonly collector: IpfixCollector;
  readonly #failed: (message: string) => void;
  #encoder: IpfixEncoder | null = null;
  #waiting: IpfixRecord[] = [];
  #lost = 0;
  #stream: Socket | null = null;
  #pause = FIRST_PAUSE;
  #timer: NodeJS.Timeout | undefined;
  #failing = false;
  #closed = false;

  /** `failed` is told once when sending begins to fail, and what was lost when it goes well again. */
  constructor(collector: IpfixCollector, failed: (message: string) => void) {
    this.collector = collector;
    this.#failed = failed;
    this.#open();
  }

  send(records: readonly IpfixRecord[], now: number): void {
    this.#waiting.push(...records);
    this.#flush(now);
    const over = Math.max(0, this.#waiting.length - MOST_WAITING);
    this.#waiting.splice(0, over);
    this.#lost += over;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    // What was written still goes.
    this.#stream?.end();
  }

  #open(): void {
    const { to: host, port, domain } = this.collector;
    const stream = connect({ host, port }, () => {
      this.#encoder = new IpfixEncoder(domain, Infinity);
      this.#pause = FIRST_PAUSE;
      this.#failing = false;
      if (this.#lost > 0) this.#failed(`${this.#lost} records were lost meanwhile`);
      this.#lost = 0;
      this.#flush(Date.now());
    });
    this.#stream = stream;
    stream.setKeepAlive(true, 30_000);
    stream.on('drain', () => this.#flush(Date.now()));
    // A collector has nothing to say, but must be read for its end to be seen.
    stream.resume();
    stream.on('end', () => stream.destroy());
    stream.on('error', (error: Error) => this.#note(error.message));
    stream.on('close', () => this.#again());
    stream.unref();
  }

  #again(): void {
    this.#encoder = null;
    this.#stream = null;
    if (this.#closed) return;
    this.#note('the collector closed the connection');
    this.#timer = setTimeout(() => this.#open(), this.#pause).unref();
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
  }

  #flush(now: number): void {
    const stream = this.#stream;
    if (stream === null || this.#encoder === null || this.#waiting.length === 0) return;
    if (stream.writableLength > MOST_BEHIND) return;
    for (const message of this.#encoder.encode(this.#waiting, now)) stream.write(message);
    this.#waiting = [];
  }

  #note(message: string): void {
    if (!this.#failing) this.#failed(message);
    this.#failing = true;
  }
}
