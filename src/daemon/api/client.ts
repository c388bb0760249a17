// SPDX-License-Identifier: BSD-3-Clause
import { request } from 'node:http';
import { apiSocket } from './rundir.js';

/** The daemon, or the datapath behind it, is away. */
export class AwayError extends Error {}

/** sluiced understood the request and says no. */
export class RefusedError extends Error {}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Calls sluiced over the Unix socket in the run directory. */
export class ApiClient {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The JSON document at a path. */
  async get(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return this.#json(await this.#call('GET', target(path, query), 'application/json', null));
  }

  /** The same as text for people. */
  async text(path: string, query: Readonly<Record<string, string>> = {}): Promise<string> {
    return accepted(await this.#call('GET', target(path, query), 'text/plain', null)).body;
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return this.#json(await this.#call('POST', path, 'application/json', JSON.stringify(body)));
  }

  #json(answer: Answer): unknown {
    return JSON.parse(accepted(answer).body);
  }

  #call(method: string, path: string, accept: string, body: string | null): Promise<Answer> {
    const socketPath = apiSocket(this.#directory);
    return new Promise((resolve, reject) => {
      const headers = { accept, 'content-type': 'application/json' };
      const call = request({ socketPath, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      call.on('error', (error: NodeJS.ErrnoException) => {
        const reason = error.code ?? error.message;
        reject(new AwayError(`sluiced does not answer at ${socketPath} (${reason})`));
      });
      call.end(body ?? undefined);
    });
  }
}

function target(path: string, query: Readonly<Record<string, string>>): string {
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
}

/** Gives the answer back unless it is an error: 503 is the datapath away, 4xx a refusal. */
function accepted(answer: Answer): Answer {
  const { status, body } = answer;
  if (status >= 200 && status < 300) return answer;
  const { message } = JSON.parse(body) as { message: string };
  if (status === 503) throw new AwayError(message);
  throw new RefusedError(message);
}
