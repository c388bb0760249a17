// SPDX-License-Identifier: BSD-3-Clause
import { request, type IncomingMessage } from 'node:http';
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

  async delete(path: string): Promise<unknown> {
    return this.#json(await this.#call('DELETE', path, 'application/json', null));
  }

  /** Lines as they come, until sluiced goes away or `signal` says so. */
  async *lines(
    path: string,
    query: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): AsyncGenerator<string> {
    const response = await this.#open('GET', target(path, query), signal);
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  }

  async #open(method: string, path: string, signal?: AbortSignal): Promise<IncomingMessage> {
    const socketPath = apiSocket(this.#directory);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { socketPath, method, path, ...(signal === undefined ? {} : { signal }) };
      const call = request(options, resolve);
      call.on('error', (error) => reject(away(socketPath, error)));
      call.end();
    });
    if (response.statusCode === 200) return response;
    let body = '';
    for await (const chunk of response as AsyncIterable<Buffer>) body += chunk.toString();
    accepted({ status: response.statusCode ?? 0, body });
    throw new AwayError(`sluiced answers with status ${response.statusCode ?? 0}`);
  }

  #json(answer: Answer): unknown {
    return JSON.parse(accepted(answer).body);
  }

  #call(method: string, path: string, accept: string, body: string | null): Promise<Answer> {
    const socketPath = apiSocket(this.#directory);
    return new Promise((resolve, reject) => {
      const headers = { accept, 'content-type': 'application/json', ...asker() };
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
      call.on('error', (error) => reject(away(socketPath, error)));
      call.end(body ?? undefined);
    });
  }
}

/** Who asks, for commits and the audit log; the socket itself says what somebody may do. */
function asker(): Record<string, string> {
  const [from] = (process.env['SSH_CONNECTION'] ?? '').split(' ');
  const user = process.env['SUDO_USER'] ?? process.env['USER'] ?? process.env['LOGNAME'] ?? '';
  return { 'x-sluice-user': user, 'x-sluice-from': from === '' ? 'local' : (from ?? 'local') };
}

function away(socketPath: string, error: NodeJS.ErrnoException): AwayError {
  return new AwayError(`sluiced does not answer at ${socketPath} (${error.code ?? error.message})`);
}

function target(path: string, query: Readonly<Record<string, string>>): string {
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
}

/** Gives the answer back unless it is an error: 503 is the datapath away, 4xx a refusal. */
function accepted(answer: Answer): Answer {
  const { status, body } = answer;
  // 422 is an answer too: it says why nothing happened.
  if ((status >= 200 && status < 300) || status === 422) return answer;
  const { message } = JSON.parse(body) as { message: string };
  if (status === 503) throw new AwayError(message);
  throw new RefusedError(message);
}
