// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { connectionOf, firmOf, type Connection } from '../../vpn/connection.js';
import type { SecretUse } from '../../rulefile/secrets.js';
import { isQuantum } from '../../vpn/proposals.js';
import { secretsOf, type Tunnel } from '../../vpn/model.js';
import { ViciAway, ViciRefused, type Vici } from '../../vpn/vici.js';
import type { ViciMessage } from '../../vpn/vici-message.js';
import type { SecretShown } from '../api/vpn.js';
import { Charon } from './charon.js';
import { Lasting } from './lasting.js';
import { renew } from './renewal.js';
import type { Secrets } from '../../vpn/secrets.js';

/** No tunnel of the name, or it cannot be done; the message is for the user. */
export class VpnError extends Error {}

/** What charon has of a tunnel. */
interface Loaded {
  /** Of all it was told, secrets included; and of that which SAs do not outlive. */
  readonly hash: string;
  readonly firm: string;
  readonly connection: Connection;
  readonly key: string | null;
}

/**
 * Tunnels in force, and charon with them: started with the first and stopped after the last. Each is
 * told only where it changed, so that a commit leaves the SAs of all others as they are.
 */
export class Vpn {
  readonly secrets: Secrets;
  /** Secrets that others than tunnels need. */
  alsoNeeded: readonly { readonly use: SecretUse; readonly by: string }[] = [];
  readonly charon: Charon;
  readonly #log: Logger;
  readonly #loaded = new Map<string, Loaded>();
  readonly #lasting: Lasting;
  /** Told to be down, until they are told otherwise. */
  readonly #down = new Set<string>();
  #tunnels: readonly Tunnel[] = [];
  #slots: ReadonlyMap<string, number> = new Map();
  #quantum = false;
  /** What charon is told goes one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #renewed: Promise<unknown> = Promise.resolve();

  constructor(directory: string, secrets: Secrets, log: Logger) {
    this.secrets = secrets;
    this.#log = log;
    this.charon = new Charon(directory);
    this.#lasting = new Lasting((error) => this.#log.error(error));
    this.charon.on('up', (vici) => {
      this.#log.info({ event: 'charon-up', pid: this.charon.pid });
      void this.#inTurn(async () => {
        this.#loaded.clear();
        this.#quantum = await hasQuantum(vici);
        await this.#lasting.follow(vici);
        await this.#tell(vici);
      });
    });
    this.charon.on('down', (how) => {
      this.#lasting.stop();
      this.#log.error({ event: 'charon-down', how });
    });
  }

  get tunnels(): readonly Tunnel[] {
    return this.#tunnels;
  }

  /** These are in force, by interfaces of these slots. */
  take(tunnels: readonly Tunnel[], slots: ReadonlyMap<string, number>): void {
    this.#tunnels = tunnels;
    this.#slots = slots;
    if (tunnels.length > 0) this.charon.start();
    const { vici } = this.charon;
    if (vici !== null) void this.#inTurn(() => this.#tell(vici));
    if (tunnels.length === 0) void this.#inTurn(() => this.charon.stop());
  }

  /** What in force needs a secret: the first tunnel, or a part of the appliance itself. */
  userOf(secret: string): string | null {
    const user = this.#tunnels.find((one) => secretsOf(one).some((use) => use.secret === secret));
    if (user !== undefined) return `tunnel ${user.name}`;
    return this.alsoNeeded.find(({ use }) => use.secret === secret)?.by ?? null;
  }

  secretsShown(): SecretShown[] {
    const stored = new Map(this.secrets.list().map((one) => [one.name, one.stored]));
    const uses = [...this.#tunnels.flatMap(secretsOf), ...this.alsoNeeded.map(({ use }) => use)];
    const named = uses.map(({ secret }) => secret);
    return [...new Set([...stored.keys(), ...named])].sort().map((name) => {
      return { name, stored: stored.get(name) ?? null, needed_by: this.userOf(name) };
    });
  }

  /** A secret changed: what uses it is told anew. */
  changed(): Promise<void> {
    const { vici } = this.charon;
    return vici === null ? Promise.resolve() : this.#inTurn(() => this.#tell(vici));
  }

  /** Settles when charon has been told all so far. */
  settled(): Promise<unknown> {
    return this.#turn;
  }

  async act(name: string, action: 'up' | 'down' | 'rekey'): Promise<void> {
    const tunnel = this.#tunnels.find((one) => one.name === name);
    if (tunnel === undefined) throw new VpnError(`there is no tunnel '${name}'`);
    if (this.charon.vici === null) throw new VpnError('IKE is not running');
    await this.#turn;
    if (action === 'down') this.#down.add(name);
    else if (action === 'up') this.#down.delete(name);
    this.#last();
    try {
      await this.charon.apart((vici) =>
        action === 'up'
          ? vici.request('initiate', { ike: name, child: name, timeout: '30000' })
          : action === 'down'
            ? vici.request('terminate', { ike: name, timeout: '10000', force: 'yes' })
            : vici.request('rekey', { child: name }),
      );
    } catch (error) {
      if (error instanceof ViciAway) throw new VpnError('IKE is not running');
      if (error instanceof ViciRefused) throw new VpnError(`${name}: ${error.message}`);
      throw error;
    }
  }

  /** IKE SAs with their children, as charon lists them. */
  async sas(): Promise<ViciMessage[]> {
    if (this.charon.vici === null) return [];
    return this.charon
      .apart((vici) => vici.list('list-sas', 'list-sa'))
      .catch((error: unknown) => {
        if (error instanceof ViciAway) return [];
        throw error;
      });
  }

  async close(): Promise<void> {
    this.#lasting.stop();
    await this.charon.stop();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch((error: unknown) => this.#log.error(error));
    return turn;
  }

  /** Brings charon from what it has to what is in force. */
  async #tell(vici: Vici): Promise<void> {
    const start = performance.now();
    const wanted = new Set(this.#tunnels.map(({ name }) => name));
    let told = 0;
    for (const [name, loaded] of this.#loaded)
      if (!wanted.has(name)) {
        await this.#unload(vici, name, loaded);
        told++;
      }
    for (const tunnel of this.#tunnels) told += (await this.#tellOne(vici, tunnel)) ? 1 : 0;
    for (const name of this.#down) if (!wanted.has(name)) this.#down.delete(name);
    this.#last();
    if (told === 0) return;
    const ms = Math.round(performance.now() - start);
    this.#log.info({ event: 'ike-told', tunnels: told, ms });
  }

  #last(): void {
    const names = this.#tunnels.filter(({ start }) => start === 'start').map(({ name }) => name);
    this.#lasting.want(names.filter((name) => !this.#down.has(name)));
  }

  async #tellOne(vici: Vici, tunnel: Tunnel): Promise<boolean> {
    const { name } = tunnel;
    const slot = this.#slots.get(tunnel.interface);
    if (slot === undefined) throw new Error(`tunnel ${name} has no interface`);
    const values = new Map(secretsOf(tunnel).map((use) => [use, this.secrets.read(use.secret)]));
    // Not of where the rule file names secrets: that changes with every line above.
    const hashed = ({ connection: said, pools, shared, trap, begin }: Connection): string =>
      createHash('sha256')
        .update(JSON.stringify([said, pools, shared.map(({ message }) => message), trap, begin]))
        .update(JSON.stringify([...values.values()]))
        .digest('hex');
    const connection = connectionOf(tunnel, slot, this.#quantum);
    const hash = hashed(connection);
    const before = this.#loaded.get(name);
    if (before?.hash === hash) return false;
    const firm = hashed(connectionOf(firmOf(tunnel), slot, this.#quantum));
    try {
      if (before?.firm === firm) {
        this.#loaded.set(name, { ...before, hash, connection });
        await this.#load(vici, connection);
        if (connection.begin) this.#renew(name);
        return true;
      }
      if (before !== undefined) await this.#unload(vici, name, before);
      let key: string | null = null;
      if (connection.key !== null) {
        const data = values.get(connection.key) ?? '';
        const answer = await vici.request('load-key', { type: 'any', data });
        key = typeof answer['id'] === 'string' ? answer['id'] : null;
      }
      for (const { use, message } of connection.shared)
        await vici.request('load-shared', { ...message, data: values.get(use) ?? '' });
      for (const pool of connection.pools) await vici.request('load-pool', pool);
      this.#loaded.set(name, { hash, firm, connection, key });
      await this.#load(vici, connection);
      if (connection.begin && !this.#down.has(name))
        await vici.request('initiate', { ike: name, child: name, timeout: '-1' });
    } catch (error) {
      if (!(error instanceof ViciRefused)) throw error;
      const quantum = tunnel.ikeProposals.some(isQuantum) && !this.#quantum;
      const why = quantum ? `${error.message}: this strongSwan has no ML-KEM` : error.message;
      this.#log.error({ event: 'tunnel-refused', tunnel: name, message: why });
    }
    return true;
  }

  async #load(vici: Vici, { name, connection, trap }: Connection): Promise<void> {
    await vici.request('load-conn', connection);
    if (!trap) return;
    await vici.request('install', { ike: name, child: name }).catch((error: unknown) => {
      if (!(error instanceof ViciRefused)) throw error;
      this.#log.warn({ event: 'tunnel-not-trapped', tunnel: name, message: error.message });
    });
  }

  /** In the background, one tunnel after the other. */
  #renew(name: string): void {
    this.#renewed = this.#renewed
      .then(() => this.charon.apart((vici) => renew(vici, name)))
      .catch((error: unknown) => {
        if (error instanceof ViciRefused)
          this.#log.warn({ event: 'tunnel-not-renewed', tunnel: name, message: error.message });
        else if (!(error instanceof ViciAway)) this.#log.error(error);
      });
  }

  /** Its SAs go with it. */
  async #unload(vici: Vici, name: string, { connection, key }: Loaded): Promise<void> {
    this.#loaded.delete(name);
    const gone = async (command: string, message: ViciMessage): Promise<void> => {
      await vici.request(command, message).catch((error: unknown) => {
        if (!(error instanceof ViciRefused)) throw error;
      });
    };
    await gone('unload-conn', { name });
    if (connection.trap) await gone('uninstall', { ike: name, child: name });
    await gone('terminate', { ike: name, timeout: '-1' });
    for (const { message } of connection.shared)
      await gone('unload-shared', { id: message['id'] as string });
    // Several tunnels may have one key.
    if (key !== null && ![...this.#loaded.values()].some((other) => other.key === key))
      await gone('unload-key', { id: key });
    for (const pool of connection.pools)
      for (const one of Object.keys(pool)) await gone('unload-pool', { name: one });
  }
}

async function hasQuantum(vici: Vici): Promise<boolean> {
  const algorithms = await vici.request('get-algorithms');
  return JSON.stringify(algorithms).includes('ML_KEM_768');
}
