// SPDX-License-Identifier: BSD-3-Clause
import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Endpoint } from '../../system/model.js';
import type { Handler } from '../server.js';
import type { Material } from './material.js';

const MOST_CONNECTIONS = 256;
/** ms until a connection must have shown who it is. */
const HANDSHAKE = 10_000;

/** One place to listen at. Who was let in by earlier credentials is let go when those change. */
export class TlsServer {
  readonly endpoint: Pick<Endpoint, 'address' | 'port'>;
  readonly #server: Server;
  readonly #answering = new Set<ServerResponse>();
  /** The credentials that a connection was let in by. */
  readonly #let = new WeakMap<Socket, string>();
  #material: string;

  constructor(endpoint: TlsServer['endpoint'], material: Material, handler: Handler) {
    this.endpoint = endpoint;
    this.#material = keyOf(material);
    this.#server = createServer(
      {
        ...material.tls,
        // Who may come is asked of each request: tokens have no certificate.
        requestCert: true,
        rejectUnauthorized: false,
        // A resumed session would keep what its certificate was once worth.
        secureOptions: constants.SSL_OP_NO_TICKET,
        handshakeTimeout: HANDSHAKE,
      },
      (request: IncomingMessage, response: ServerResponse) => {
        if (this.#let.get(request.socket) !== this.#material) {
          request.socket.destroy();
          return;
        }
        this.#answering.add(response);
        response.on('close', () => this.#answering.delete(response));
        handler(request, response);
      },
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on('secureConnection', (socket) => this.#let.set(socket, this.#material));
    // A handshake that fails is the client's affair.
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Resolves with why it cannot listen, or null. */
  listen(): Promise<NodeJS.ErrnoException | null> {
    const { address, port } = this.endpoint;
    return new Promise((resolve) => {
      const failed = (error: Error): void => resolve(error);
      this.#server.once('error', failed);
      this.#server.listen({ host: address, port, ipv6Only: true }, () => {
        this.#server.off('error', failed);
        resolve(null);
      });
    });
  }

  /** Takes other credentials; the connections of before end with the answers they wait for. */
  renew(material: Material): void {
    const key = keyOf(material);
    if (key === this.#material) return;
    this.#material = key;
    this.#server.setSecureContext({
      ...material.tls,
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
    this.#letGo();
  }

  /** Stops listening; who waits for an answer gets it. */
  close(): void {
    this.#server.close();
    this.#letGo();
  }

  end(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #letGo(): void {
    for (const response of this.#answering) {
      // One that is told as it comes would have no end.
      if (response.headersSent) response.destroy();
      else response.setHeader('connection', 'close');
    }
    this.#server.closeIdleConnections();
  }
}

function keyOf(material: Material): string {
  const { tls, access } = material;
  const tokens = access.tokens.map(({ name, role, hash }) => [name, role, hash.toString('hex')]);
  const users = access.certificates ? access.users.map(({ name, role }) => [name, role]) : [];
  return JSON.stringify([tls, tokens, users]);
}
