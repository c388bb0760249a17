// SPDX-License-Identifier: BSD-3-Clause
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Learnt } from '../../compiler/learnt.js';
import type { Learner } from '../groups/messages.js';
import { DhcpClient } from './dhcp-client.js';
import { SCRIPT, type Lease } from './lease.js';

interface Held {
  readonly learnt: Learnt;
  /** ms since the epoch. */
  readonly until: number;
}

/** Longest a timer of Node takes. */
const LONGEST = 2 ** 31 - 1;

/**
 * Addresses that interfaces learn: a client for each, and what they have, kept over a restart of
 * sluiced. Whoever is told of a change asks for `learnt`.
 */
export class Learning {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #changed: () => void;
  readonly #clients = new Map<string, DhcpClient>();
  readonly #held = new Map<string, Held>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(directory: string, log: Logger, changed: () => void) {
    this.#directory = directory;
    this.#log = log;
    this.#changed = changed;
    this.#read();
  }

  get learnt(): readonly Learnt[] {
    return [...this.#held.values()].map(({ learnt }) => learnt);
  }

  /** These interfaces learn from now on, and no others. */
  take(learners: readonly Learner[]): void {
    const wanted = new Set(learners.filter(({ dhcp }) => dhcp).map(({ name }) => name));
    for (const [name, client] of this.#clients) {
      if (wanted.has(name)) continue;
      client.stop();
      this.#clients.delete(name);
      this.#set(name, null);
    }
    if (wanted.size === 0) return;
    const script = path.join(this.#directory, 'dhcp-script');
    writeFileSync(script, SCRIPT);
    chmodSync(script, 0o700);
    for (const name of wanted) {
      if (this.#clients.has(name)) continue;
      const [address] = this.#held.get(name)?.learnt.addresses ?? [];
      const wish = address?.slice(0, address.indexOf('/')) ?? null;
      const client = new DhcpClient(this.#directory, name, script, wish, (lease) =>
        this.#told(name, lease),
      );
      this.#clients.set(name, client);
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.stop();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #told(name: string, lease: Lease | null): void {
    const before = JSON.stringify(this.#held.get(name)?.learnt);
    const until = Date.now() + (lease?.seconds ?? 0) * 1000;
    this.#set(name, lease === null ? null : { learnt: lease.learnt, until });
    if (JSON.stringify(lease?.learnt) === before) return;
    if (lease === null) this.#log.warn({ event: 'address-lost', interface: name });
    else this.#log.info({ event: 'address-learnt', ...lease.learnt, seconds: lease.seconds });
    this.#changed();
  }

  #set(name: string, held: Held | null): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if (held === null) this.#held.delete(name);
    else {
      this.#held.set(name, held);
      this.#expire(name, held);
    }
    const file = path.join(this.#directory, 'leases.json');
    writeFileSync(`${file}.next`, JSON.stringify([...this.#held.values()]), { mode: 0o600 });
    renameSync(`${file}.next`, file);
  }

  /** RFC 2131 4.4.5: once it has run out the address is nobody's, whatever became of the client. */
  #expire(name: string, { until }: Held): void {
    const wait = Math.min(LONGEST, Math.max(0, until - Date.now()));
    const timer = setTimeout(() => {
      if (Date.now() < until) this.#expire(name, this.#held.get(name) as Held);
      else this.#told(name, null);
    }, wait).unref();
    this.#timers.set(name, timer);
  }

  #read(): void {
    let kept: readonly Held[];
    try {
      kept = JSON.parse(
        readFileSync(path.join(this.#directory, 'leases.json'), 'utf8'),
      ) as readonly Held[];
    } catch {
      return; // nothing was learnt
    }
    for (const held of kept)
      if (held.until > Date.now()) {
        this.#held.set(held.learnt.interface, held);
        this.#expire(held.learnt.interface, held);
      }
  }
}
