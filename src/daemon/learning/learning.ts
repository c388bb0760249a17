// SPDX-License-Identifier: BSD-3-Clause
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Learnt } from '../../compiler/learnt.js';
import type { Learns } from '../../interfaces/model.js';
import type { Learner } from '../groups/messages.js';
import { DhcpClient } from './dhcp-client.js';
import type { Held } from './held.js';
import { Ipv6Client } from './ipv6-client.js';
import { advertised, lent, type Said } from './ipv6-said.js';
import { SCRIPT, type Lease } from './lease.js';

/** Longest a timer of Node takes. */
const LONGEST = 2 ** 31 - 1;

interface Client {
  /** What it was started for. */
  readonly wishes: string;
  readonly ways: readonly Learns[];
  stop(): void;
}

/**
 * Addresses that interfaces learn: clients for each, and what they have, kept over a restart of
 * sluiced. Whoever is told of a change asks for `learnt`.
 */
export class Learning {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #changed: () => void;
  /** By interface and family. */
  readonly #clients = new Map<string, Client>();
  #held: readonly Held[] = [];
  /** What was told last. */
  #told = '[]';
  #timer: NodeJS.Timeout | undefined;

  constructor(directory: string, log: Logger, changed: () => void) {
    this.#directory = directory;
    this.#log = log;
    this.#changed = changed;
    this.#read();
  }

  /** What is to be used first comes first. */
  get learnt(): readonly Learnt[] {
    const now = Date.now();
    const held = this.#held.filter(({ until }) => until > now);
    const worse = (one: Held): number => (one.preferred > now ? 0 : 1);
    return held.sort((a, b) => worse(a) - worse(b)).map(({ learnt }) => learnt);
  }

  /** These interfaces learn from now on, and no others. */
  take(learners: readonly Learner[]): void {
    const wanted = new Map(learners.flatMap((one) => clientsOf(one)));
    for (const [key, client] of this.#clients) {
      if (wanted.get(key)?.wishes === client.wishes) continue;
      client.stop();
      this.#clients.delete(key);
      if (!wanted.has(key)) this.#forget(key, client.ways);
    }
    for (const [key, { learner, wishes }] of wanted) {
      if (this.#clients.has(key)) continue;
      const client = key.endsWith(' 4') ? this.#client4(learner.name) : this.#client6(learner);
      const ways = key.endsWith(' 4') ? (['dhcp'] as const) : (['dhcpv6', 'ra'] as const);
      this.#clients.set(key, { wishes, ways, stop: () => client.stop() });
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.stop();
    clearTimeout(this.#timer);
  }

  #client4(name: string): DhcpClient {
    const script = path.join(this.#directory, 'dhcp-script');
    writeFileSync(script, SCRIPT);
    chmodSync(script, 0o700);
    const [address] = this.#of(name, 'dhcp').flatMap(({ learnt }) => learnt.addresses);
    const wish = address?.slice(0, address.indexOf('/')) ?? null;
    return new DhcpClient(this.#directory, name, script, wish, (lease) =>
      this.#set(name, 'dhcp', lease === null ? [] : [heldOf(lease)]),
    );
  }

  #client6({ name, v6 }: Learner): Ipv6Client {
    const wishes = v6 ?? { dhcp: false, prefix: null };
    const told = (said: Said): void => {
      const now = Date.now();
      const routers = advertised(name, said, this.#of(name, 'ra'), now);
      const leases = lent(name, said, now);
      if (routers !== undefined) this.#set(name, 'ra', routers);
      if (leases !== undefined) this.#set(name, 'dhcpv6', leases);
    };
    return new Ipv6Client(this.#directory, name, wishes, told, (message) =>
      this.#log.error({ event: 'client-not-heard', interface: name, message }),
    );
  }

  #of(name: string, way: Learns): Held[] {
    return this.#held.filter((one) => one.learnt.by === way && one.learnt.interface === name);
  }

  #forget(key: string, ways: readonly Learns[]): void {
    const name = key.slice(0, -2);
    for (const way of ways) this.#set(name, way, []);
  }

  /** From now on the interface has learnt this, and no more, that way. */
  #set(name: string, way: Learns, held: readonly Held[]): void {
    const before = this.#of(name, way);
    this.#held = [...this.#held.filter((one) => !before.includes(one)), ...held];
    const file = path.join(this.#directory, 'leases.json');
    writeFileSync(`${file}.next`, JSON.stringify(this.#held), { mode: 0o600 });
    renameSync(`${file}.next`, file);
    for (const one of held) {
      if (before.some(({ learnt }) => JSON.stringify(learnt) === JSON.stringify(one.learnt)))
        continue;
      const seconds = Math.round((one.until - Date.now()) / 1000);
      this.#log.info({ event: 'address-learnt', ...one.learnt, seconds });
    }
    if (held.length === 0 && before.length > 0)
      this.#log.warn({ event: 'address-lost', by: way, interface: name });
    this.#look();
  }

  /**
   * Tells of what has changed, and looks again when the next time runs out (RFC 2131 4.4.5, RFC 4862
   * 5.5.4): from then on an address is nobody's, whatever became of the client.
   */
  #look(): void {
    clearTimeout(this.#timer);
    const now = Date.now();
    this.#held = this.#held.filter(({ until }) => until > now);
    const times = this.#held.flatMap(({ until, preferred }) => [until, preferred]);
    const next = Math.min(...times.filter((time) => time > now));
    if (next !== Infinity)
      this.#timer = setTimeout(() => this.#look(), Math.min(LONGEST, next - now + 1)).unref();
    const told = JSON.stringify(this.learnt);
    if (told === this.#told) return;
    this.#told = told;
    this.#changed();
  }

  #read(): void {
    const file = path.join(this.#directory, 'leases.json');
    try {
      this.#held = JSON.parse(readFileSync(file, 'utf8')) as readonly Held[];
    } catch {
      return; // nothing was learnt
    }
    this.#told = JSON.stringify(this.learnt);
    this.#look();
  }
}

function heldOf({ learnt, seconds }: Lease): Held {
  const until = Date.now() + seconds * 1000;
  return { key: 'lease', learnt, until, preferred: until };
}

/** What clients an interface needs, by interface and family. */
function clientsOf(learner: Learner): [string, { learner: Learner; wishes: string }][] {
  const { name, dhcp, v6 } = learner;
  const found: ReturnType<typeof clientsOf> = [];
  if (dhcp) found.push([`${name} 4`, { learner, wishes: '' }]);
  if (v6 !== null) found.push([`${name} 6`, { learner, wishes: JSON.stringify(v6) }]);
  return found;
}
