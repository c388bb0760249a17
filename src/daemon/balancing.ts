// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Checked } from '../balancer/health/checker.js';
import { unknownHealth, type Health } from '../balancer/health/state.js';
import { HealthThread, type HealthReport } from '../balancer/health/thread.js';
import { backendKey, maglevTable } from '../balancer/maglev.js';
import type { Balancer } from '../balancer/model.js';
import { onlyPort } from '../balancer/resolve-check.js';
import { heldNow, shares, STEPS, type Admin, type BackendNow } from '../balancer/serving.js';
import { DatapathAway } from '../datapath/libsluice.js';
import { formatAddress } from '../net/address.js';
import { CONSTANTS as C } from '../tables/layout.js';
import { MESSAGES, MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { measure, writeRecord } from '../tables/records.js';
import type { DatapathProcess } from './datapath-process.js';
import type { BackendName, BalancerName } from './names.js';
import { Rates } from './rates.js';
import type { BackendsTold } from './show/balancers.js';
import { sessionsOfServer } from './session-filter.js';
import { workerProgram } from './worker-program.js';

/** What people said of backends, kept over restarts; a deadline is ms since the epoch. */
interface Said {
  readonly admin: Exclude<Admin, 'enabled'>;
  readonly deadline: number | null;
}

/** As `show balancers` has it. */
export type BackendState =
  'up' | 'starting' | 'down' | 'held' | 'draining' | 'disabled' | 'unknown' | 'unchecked';

interface Served {
  readonly named: BalancerName;
  readonly config: Balancer | null;
  held: ReadonlySet<string>;
  /** Shares as last sent to the datapath; null: nothing was. */
  sent: string | null;
  timer: NodeJS.Timeout | undefined;
}

/** No balancer or backend of the name; the message is for the user. */
export class UnknownBackend extends Error {}

/**
 * Who serves: health checks and what people say, to tables that reach the fast path without a
 * commit.
 */
export class Balancing {
  readonly #datapath: DatapathProcess;
  readonly #log: Logger;
  readonly #file: string;
  readonly #thread: HealthThread;
  /** New sessions by backend slot. */
  readonly rates: Rates;
  readonly #said = new Map<string, Said>();
  readonly #deadlines = new Map<string, NodeJS.Timeout>();
  readonly #health = new Map<string, Health>();
  readonly #risen = new Map<string, number>();
  #served = new Map<string, Served>();
  /** Tables go one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: string, datapath: DatapathProcess, log: Logger) {
    this.#datapath = datapath;
    this.#log = log;
    this.#file = path.join(directory, 'backends.json');
    this.#thread = new HealthThread(workerProgram('balancer/health/worker'), (key, health) =>
      this.#changed(key, health),
    );
    this.rates = new Rates(async () => {
      if (this.#served.size === 0) return [];
      const { backends } = await datapath.json<BackendsTold>(M.OP_BACKENDS);
      return backends.map(({ backend, opened }) => [backend, opened] as const);
    });
    this.#read();
  }

  /** These balancers are in force; `configs` says how they are checked. */
  take(names: readonly BalancerName[], configs: readonly Balancer[]): void {
    const before = this.#served;
    const known = new Map(configs.map((one) => [one.name, one]));
    const checked = new Map<string, Checked>();
    this.#served = new Map();
    for (const named of names) {
      const old = before.get(named.name);
      clearTimeout(old?.timer);
      const config = known.get(named.name) ?? null;
      const same = old !== undefined && Buffer.compare(old.named.hash, named.hash) === 0;
      this.#served.set(named.name, {
        named,
        config,
        held: same ? old.held : new Set(),
        sent: same ? old.sent : null,
        timer: undefined,
      });
      if (config?.check == null) continue;
      for (const backend of config.backends)
        checked.set(keyOf(named, backend), target(config, backend));
    }
    for (const key of this.#health.keys())
      if (!checked.has(key)) {
        this.#health.delete(key);
        this.#risen.delete(key);
      }
    this.#thread.configure(checked);
    void this.#push();
  }

  /** The datapath starts with the tables of the image. */
  restarted(): void {
    for (const one of this.#served.values()) one.sent = null;
    void this.#push();
  }

  /**
   * `drained`: no new sessions; what is left ends at the deadline, ms since the epoch, if there is one.
   * `disabled`: its sessions end at once. Answers how many ended.
   */
  async say(
    balancer: string,
    backend: string,
    admin: Admin,
    deadline: number | null,
  ): Promise<number> {
    const served = this.#served.get(balancer);
    const named = served?.named.backends.find(({ name }) => name === backend);
    if (served === undefined) throw new UnknownBackend(`there is no balancer '${balancer}'`);
    if (named === undefined)
      throw new UnknownBackend(`balancer '${balancer}' has no backend '${backend}'`);
    const key = keyOf(served.named, named);
    if (admin === 'enabled') {
      if (this.#said.delete(key)) this.#risen.set(key, Date.now());
    } else this.#said.set(key, { admin, deadline });
    this.#write();
    this.#log.info({ event: 'backend-said', balancer, backend, admin });
    clearTimeout(this.#deadlines.get(key));
    if (deadline !== null) this.#await(key, deadline);
    await this.#push();
    return admin === 'disabled' ? this.#end(named) : 0;
  }

  /** State and health of every backend, and how late checks began since the last look. */
  async look(): Promise<{
    readonly of: (
      balancer: string,
      backend: BackendName,
    ) => { readonly state: BackendState; readonly share: number; readonly health: Health | null };
    /** ms, of the latest. */
    readonly late: number;
  }> {
    const { health, late } = await this.report();
    const reported = new Map(health);
    const of: Awaited<ReturnType<Balancing['look']>>['of'] = (balancer, backend) => {
      const served = this.#served.get(balancer);
      const now = Date.now();
      if (served === undefined) return { state: 'unchecked', share: backend.weight, health: null };
      const key = keyOf(served.named, backend);
      const share = this.#shares(served, now)[served.named.backends.indexOf(backend)];
      return {
        state: this.#stateOf(served, backend, now),
        share: share ?? 0,
        health: reported.get(key) ?? null,
      };
    };
    return { of, late };
  }

  report(): Promise<HealthReport> {
    return this.#thread.report();
  }

  async close(): Promise<void> {
    for (const { timer } of this.#served.values()) clearTimeout(timer);
    for (const timer of this.#deadlines.values()) clearTimeout(timer);
    this.rates.close();
    await this.#thread.close();
  }

  #changed(key: string, health: Health): void {
    const before = this.#health.get(key)?.up ?? null;
    this.#health.set(key, health);
    if (health.up === true && before === false) this.#risen.set(key, Date.now());
    const [balancer = '', backend = ''] = key.split('\0');
    const [last] = health.history;
    const event = health.up === true ? 'backend-up' : 'backend-down';
    this.#log.warn({ event, balancer, backend, why: last?.why });
    void this.#push();
    const served = this.#served.get(balancer);
    const named = served?.named.backends.find(({ name }) => name === backend);
    if (served === undefined || named === undefined || health.up !== false) return;
    const after = served.config?.onFailure ?? 'keep';
    if (after !== 'keep' && !served.held.has(backend)) void this.#turn.then(() => this.#end(named));
  }

  #now(served: Served): BackendNow[] {
    return served.named.backends.map((backend) => {
      const key = keyOf(served.named, backend);
      const { up, since } = this.#health.get(key) ?? unknownHealth(0);
      const admin = this.#said.get(key)?.admin ?? 'enabled';
      const risen = this.#risen.get(key) ?? null;
      return { name: backend.name, weight: backend.weight, admin, up, since, risen };
    });
  }

  #shares(served: Served, now: number): number[] {
    const { slowStart = 0, sorry = null } = served.config ?? {};
    return shares(this.#now(served), served.held, { slowStart, sorry }, now);
  }

  #stateOf(served: Served, backend: BackendName, now: number): BackendState {
    const key = keyOf(served.named, backend);
    const said = this.#said.get(key)?.admin;
    if (said === 'drained') return 'draining';
    if (said === 'disabled') return 'disabled';
    if (served.config?.check == null) return 'unchecked';
    const up = this.#health.get(key)?.up ?? null;
    if (up === null) return 'unknown';
    if (!up) return served.held.has(backend.name) ? 'held' : 'down';
    const risen = this.#risen.get(key);
    return risen !== undefined && now - risen < served.config.slowStart ? 'starting' : 'up';
  }

  /** Sends the tables that changed. */
  #push(): Promise<unknown> {
    this.#turn = this.#turn
      .then(async () => {
        for (const one of this.#served.values()) await this.#pushOne(one);
      })
      .catch((error: unknown) => {
        // A datapath that is away gets them when it is back.
        if (!(error instanceof DatapathAway)) this.#log.error(error);
      });
    return this.#turn;
  }

  async #pushOne(served: Served): Promise<void> {
    const now = Date.now();
    const { named, config } = served;
    const { check = null, slowStart = 0 } = config ?? {};
    const backends = this.#now(served);
    const window = check === null ? 0 : check.interval * (check.fall + 1) + check.timeout;
    const held = served.held.size > 0;
    served.held = check?.breaker === true ? heldNow(backends, served.held, window, now) : new Set();
    if (!held && served.held.size > 0)
      this.#log.warn({ event: 'balancer-held', balancer: named.name, backends: [...served.held] });
    // Until there is a first verdict on all, the datapath goes on with what it has.
    const unknown =
      check !== null && backends.some(({ up, admin }) => up === null && admin === 'enabled');
    if (served.sent === null && unknown) return;
    const found = this.#shares(served, now);
    this.#grow(served, slowStart, now);
    const text = found.join();
    if (text === served.sent) return;
    await this.#datapath.request(M.OP_BALANCE, { body: tableOf(named, found) });
    served.sent = text;
  }

  /** Slow start goes on by a timer while somebody's share grows. */
  #grow(served: Served, slowStart: number, now: number): void {
    clearTimeout(served.timer);
    let growing = false;
    for (const backend of served.named.backends) {
      const key = keyOf(served.named, backend);
      const risen = this.#risen.get(key);
      if (risen === undefined) continue;
      if (now - risen >= slowStart) this.#risen.delete(key);
      else growing = true;
    }
    if (growing)
      served.timer = setTimeout(() => void this.#push(), Math.max(50, slowStart / STEPS)).unref();
  }

  /** Ends the sessions that have this server. */
  async #end(backend: BackendName): Promise<number> {
    try {
      const body = sessionsOfServer(backend.address, backend.port);
      const { cleared } = await this.#datapath.json<{ cleared: number }>(M.OP_CLEAR_SESSIONS, {
        body,
        argument: 0n,
      });
      return cleared;
    } catch (error) {
      if (!(error instanceof DatapathAway)) throw error;
      return 0; // its sessions went with it
    }
  }

  #await(key: string, deadline: number): void {
    const wait = Math.max(0, deadline - Date.now());
    const timer = setTimeout(() => {
      const [balancer = '', backend = ''] = key.split('\0');
      const named = this.#served.get(balancer)?.named.backends.find(({ name }) => name === backend);
      if (this.#said.get(key)?.admin === 'drained' && named !== undefined) void this.#end(named);
    }, wait).unref();
    this.#deadlines.set(key, timer);
  }

  #read(): void {
    let said: [string, Said][];
    try {
      said = JSON.parse(readFileSync(this.#file, 'utf8')) as [string, Said][];
    } catch {
      return; // nothing was said
    }
    for (const [key, one] of said) {
      this.#said.set(key, one);
      if (one.deadline !== null && one.deadline > Date.now()) this.#await(key, one.deadline);
    }
  }

  #write(): void {
    writeFileSync(`${this.#file}.next`, JSON.stringify([...this.#said]), { mode: 0o600 });
    renameSync(`${this.#file}.next`, this.#file);
  }
}

function keyOf({ name }: BalancerName, backend: { readonly name: string }): string {
  return `${name}\0${backend.name}`;
}

function target(
  { check, service, proxy }: Balancer,
  backend: Balancer['backends'][number],
): Checked {
  if (check === null) throw new Error(`backend ${backend.name} is not checked`);
  const { ask, interval, timeout, rise, fall, port } = check;
  const { address } = backend;
  return {
    check: { ask, interval, timeout, rise, fall, proxy },
    target: {
      address: formatAddress(address),
      family: address.family,
      port: port ?? backend.port ?? onlyPort(service) ?? 0,
    },
  };
}

/** The body of OP_BALANCE. */
function tableOf({ slot, hash, entries, backends }: BalancerName, found: readonly number[]) {
  const table =
    maglevTable(
      backends.map(({ address, port }, i) => ({
        key: backendKey(address, port),
        weight: found[i] ?? 0,
      })),
      entries,
    ) ?? new Uint16Array(entries).fill(C.MAGLEV_NONE);
  const { size } = measure(MESSAGES.balance);
  const body = new Uint8Array(size + entries * 2);
  const view = new DataView(body.buffer);
  writeRecord(MESSAGES.balance, view, 0, { hash, slot, reserved: 0, entries });
  for (const [i, backend] of table.entries()) view.setUint16(size + i * 2, backend, true);
  return body;
}
