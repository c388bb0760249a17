// SPDX-License-Identifier: BSD-3-Clause
import { createServer } from 'node:net';
import type { Logger } from 'pino';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import type { Endpoint, Listener, System } from '../../system/model.js';
import { METRICS_ROUTES } from '../http/metrics.js';
import { RequestError, type Route } from '../http/route.js';
import { ROUTES } from '../http/routes.js';
import { handlerOf, type Handler } from '../server.js';
import type { Source } from '../show/source.js';
import { askerOverTls, type Access } from './access.js';
import { materialOf, refused } from './material.js';
import { TlsServer } from './tls-server.js';

/** ms until an address that was not there, or a port that was taken, is tried again. */
const AGAIN = 1000;
/** ms between two messages about strangers. */
const TELL = 1000;

const KINDS = { api: ROUTES, metrics: METRICS_ROUTES } as const;
type Kind = keyof typeof KINDS;

/** Listeners of one kind, with what they let in by. */
interface Open {
  readonly handler: Handler;
  access: Access;
  servers: TlsServer[];
}

/** What listens over TLS by the model in force. */
export class Listeners {
  readonly #read: (secret: string) => string | null;
  readonly #log: Logger;
  readonly #open: Readonly<Record<Kind, Open>>;
  #system: System | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** What is taken and tried goes one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #strangers = 0;
  #told = 0;

  constructor(source: Source, read: (secret: string) => string | null, log: Logger) {
    this.#read = read;
    this.#log = log;
    const open = (routes: readonly Route[]): Open => {
      const access = { tokens: [], certificates: false, users: [] };
      const asker: Parameters<typeof handlerOf>[2]['asker'] = (request) => {
        try {
          return askerOverTls(request, made.access);
        } catch (error) {
          if (error instanceof RequestError) this.#tell(request.socket.remoteAddress, error);
          throw error;
        }
      };
      const handler = handlerOf(source, log, { routes, asker, open: true });
      const made: Open = { handler, access, servers: [] };
      return made;
    };
    this.#open = { api: open(KINDS.api), metrics: open(KINDS.metrics) };
  }

  /**
   * What would be wrong with the listeners of another model, whose interfaces have these addresses;
   * nothing is changed.
   */
  async refuses(system: System, addresses: ReadonlySet<string>): Promise<Diagnostic[]> {
    const problems: Diagnostic[] = [];
    for (const { listener } of listenersOf(system)) {
      const material = materialOf(listener, system.users, this.#read);
      if (Array.isArray(material)) problems.push(...material);
      for (const endpoint of listener.listen)
        if (!this.#ours(endpoint)) problems.push(...(await probe(endpoint, addresses)));
    }
    return problems;
  }

  /** Brings what listens to what the model in force says; what stays keeps its connections. */
  take(system: System | null): void {
    this.#system = system;
    this.#again();
  }

  /** A secret is another now. */
  changed(): void {
    this.#again();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { servers } of Object.values(this.#open)) for (const one of servers) one.end();
  }

  #again(): void {
    this.#turn = this.#turn
      .then(() => this.#settle())
      .catch((error: unknown) => this.#log.error(error));
  }

  async #settle(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const system = this.#system;
    const wanted = new Map(listenersOf(system).map((one) => [one.kind, one.listener]));
    // What goes makes room before anything comes.
    for (const [kind, open] of Object.entries(this.#open) as [Kind, Open][]) {
      const places = (wanted.get(kind)?.listen ?? []).map(placeOf);
      for (const server of open.servers)
        if (!places.includes(placeOf(server.endpoint))) {
          server.close();
          this.#log.info({ event: 'listener-closed', kind, at: placeOf(server.endpoint) });
        }
      open.servers = open.servers.filter(({ endpoint }) => places.includes(placeOf(endpoint)));
    }
    for (const [kind, listener] of wanted) await this.#bring(kind, listener, system?.users ?? []);
  }

  async #bring(kind: Kind, listener: Listener, users: System['users']): Promise<void> {
    const open = this.#open[kind];
    const material = materialOf(listener, users, this.#read);
    if (Array.isArray(material)) {
      // A secret was changed to what does not fit; who was let in before is let in no more.
      for (const server of open.servers) server.close();
      open.servers = [];
      const why = material.map(({ message }) => message);
      this.#log.error({ event: 'listener-refused', kind, why });
      return;
    }
    open.access = material.access;
    for (const server of open.servers) server.renew(material);
    const known = open.servers.map(({ endpoint }) => placeOf(endpoint));
    for (const endpoint of listener.listen) {
      const at = placeOf(endpoint);
      if (known.includes(at)) continue;
      const server = new TlsServer(endpoint, material, open.handler);
      const error = await server.listen();
      if (error === null) {
        open.servers.push(server);
        this.#log.info({ event: 'listening', kind, at });
        continue;
      }
      this.#log.warn({ event: 'listener-waits', kind, at, why: error.code ?? error.message });
      this.#timer ??= setTimeout(() => this.#again(), AGAIN).unref();
    }
  }

  /** Whether a place is taken by a listener of ours, which gives it up where the next does not have it. */
  #ours({ address, port }: Endpoint): boolean {
    const all = address === '0.0.0.0' || address === '::';
    return Object.values(this.#open).some(({ servers }) =>
      servers.some(({ endpoint: one }) => {
        const wide = one.address === '0.0.0.0' || one.address === '::';
        return one.port === port && (one.address === address || all || wide);
      }),
    );
  }

  /** Who is refused is told of now and then, whatever they send. */
  #tell(from: string | undefined, { message, status }: RequestError): void {
    this.#strangers++;
    const now = performance.now();
    if (this.#told !== 0 && now - this.#told < TELL) return;
    this.#told = now;
    const times = this.#strangers;
    this.#strangers = 0;
    this.#log.warn({ event: 'access-refused', from, status, why: message, times });
  }
}

function listenersOf(system: System | null): { kind: Kind; listener: Listener }[] {
  return (['api', 'metrics'] as const).flatMap((kind) => {
    const listener = system?.[kind] ?? null;
    return listener === null ? [] : [{ kind, listener }];
  });
}

function placeOf({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Listens for an instant where nobody of ours does. */
async function probe(endpoint: Endpoint, addresses: ReadonlySet<string>): Promise<Diagnostic[]> {
  const server = createServer();
  const { address: host, port } = endpoint;
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port, ipv6Only: true }, () => resolve(null));
  });
  if (error === null) {
    await new Promise((resolve) => server.close(resolve));
    return [];
  }
  const at = placeOf(endpoint);
  if (error.code === 'EADDRNOTAVAIL') {
    // It comes with the same commit.
    if (addresses.has(host)) return [];
    return [
      {
        ...refused(endpoint, `no interface has the address of ${at} yet`),
        code: 'listener-waits',
        severity: 'warning',
      },
    ];
  }
  const taken = error.code === 'EADDRINUSE' ? 'another program has it' : (error.code ?? '');
  return [refused(endpoint, `${at} cannot be listened at: ${taken}`)];
}
