// SPDX-License-Identifier: BSD-3-Clause
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { grammar } from '../compiler/grammar.js';
import { DatapathAway, DatapathRefused } from '../datapath/libsluice.js';
import { DatapathError, ImageRefused } from '../datapath/offline.js';
import { parseNumber } from '../net/services.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { apiSocket } from './api/rundir.js';
import { BACKEND_ACTIONS, SHOWS, type BackendSaid, type LogShown } from './api/types.js';
import { UnknownBackend } from './balancing.js';
import { MOST_MINUTES } from './confirm.js';
import { FilterError, sessionFilter } from './session-filter.js';
import { ALL_SHOWS } from './show/all.js';
import { logFilter } from './show/log.js';
import type { Source } from './show/source.js';

/** Bytes a request may have: the texts of the largest model there can be. */
const MOST_BODY = 512 * 2 ** 20;

/** Bytes that a client who follows the log may be behind. */
const MOST_BEHIND = 2 ** 20;

/** Failures whose message is for the user. */
const REFUSALS = [FilterError, UnknownBackend, DatapathRefused, ImageRefused] as const;

/** A request that is none of ours; `status` is HTTP's. */
class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The JSON API on RUN_DIR/sluiced.sock, for root alone. */
export function serve(directory: string, source: Source, log: Logger): Promise<Server> {
  const path = apiSocket(directory);
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    answer(source, request, response).catch((error: unknown) => {
      fail(response, error, log);
    });
  });
  const mask = process.umask(0o177);
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(path, () => {
      process.umask(mask);
      chmodSync(path, 0o600);
      resolve(server);
    });
  });
}

async function answer(
  source: Source,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sluiced');
  const route = `${request.method ?? ''} ${url.pathname}`;
  if (route === 'POST /apply') {
    const main = url.searchParams.get('main');
    if (main === null) throw new RequestError(400, 'apply takes ?main=PATH');
    const dry = url.searchParams.get('preview') !== null;
    const body = await read(request);
    const { appliance } = source;
    const minutes = minutesOf(url.searchParams.get('confirm'));
    const answer = dry
      ? await appliance.preview(main, body)
      : await appliance.apply(main, body, minutes);
    send(response, 200, 'application/json', JSON.stringify(answer));
  } else if (route === 'GET /source') {
    const running = source.appliance.source;
    if (running === null) throw new RequestError(409, 'nothing was applied');
    send(response, 200, 'application/json', JSON.stringify(running));
  } else if (route === 'GET /grammar') {
    send(response, 200, 'application/json', JSON.stringify(grammar()));
  } else if (route === 'POST /confirm') {
    const confirmed = await source.appliance.confirm();
    if (confirmed === null) throw new RequestError(409, 'nothing waits for a confirmation');
    send(response, 200, 'application/json', JSON.stringify(confirmed));
  } else if (route === 'POST /balancer') {
    const ended = await backendSaid(source, parse(await read(request)));
    send(response, 200, 'application/json', JSON.stringify({ ended }));
  } else if (route === 'POST /reload-groups') {
    send(response, 200, 'application/json', JSON.stringify(await source.appliance.reload(null)));
  } else if (route === 'POST /clear-sessions') {
    const filters = parse(await read(request)) as Record<string, string>;
    const body = sessionFilter(new URLSearchParams(filters), '0', source.appliance.names);
    const { datapath } = source.appliance;
    const argument = url.searchParams.get('dry-run') === null ? 0n : 1n;
    const cleared = await datapath.request(M.OP_CLEAR_SESSIONS, { body, argument });
    send(response, 200, 'application/json', cleared.toString('utf8'));
  } else if (route === 'GET /log') {
    follow(source, url.searchParams, response);
  } else {
    const show = SHOWS.find((name) => route === `GET /show/${name.replace(' ', '/')}`);
    if (show === undefined) throw new RequestError(404, `no ${route}`);
    const text = request.headers.accept === 'text/plain';
    const body = await ALL_SHOWS[show](source, url.searchParams, text);
    send(response, 200, text ? 'text/plain' : 'application/json', body);
  }
}

function backendSaid({ appliance }: Source, given: Partial<BackendSaid>): Promise<number> {
  const { balancer, backend, action, deadline = null } = given;
  const admin = action === undefined ? undefined : BACKEND_ACTIONS[action];
  if (balancer === undefined || backend === undefined || admin === undefined)
    throw new RequestError(400, 'balancer, backend and an action are needed');
  const until = deadline === null ? null : Date.now() + deadline * 1000;
  return appliance.balancing.say(balancer, backend, admin, until);
}

function minutesOf(text: string | null): number | null {
  if (text === null) return null;
  const minutes = parseNumber(text, MOST_MINUTES);
  if (minutes >= 1) return minutes;
  throw new RequestError(400, `minutes to confirm in are a number from 1 to ${MOST_MINUTES}`);
}

/** Records as they come, a JSON line each, until the client goes away. */
function follow(
  { appliance, log }: Source,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const fits = logFilter(query, appliance.names);
  const tell = (records: readonly LogShown[]): void => {
    const lines = records.filter(fits).map((record) => `${JSON.stringify(record)}\n`);
    // A client that reads too slowly misses records rather than filling our memory.
    if (lines.length > 0 && response.writableLength < MOST_BEHIND) response.write(lines.join(''));
  };
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  log.on('records', tell);
  response.on('close', () => log.off('records', tell));
}

async function read(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY) throw new RequestError(413, `more than ${MOST_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(body: Uint8Array): object {
  try {
    const value = JSON.parse(Buffer.from(body).toString('utf8')) as unknown;
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw new RequestError(400, 'the request is no JSON object');
}

function fail(response: ServerResponse, error: unknown, log: Logger): void {
  const { message } = error as Error;
  let status = 500;
  if (error instanceof RequestError) ({ status } = error);
  else if (REFUSALS.some((kind) => error instanceof kind)) status = 400;
  else if (error instanceof DatapathAway || error instanceof DatapathError) status = 503;
  else log.error(error);
  const told = status === 500 ? `sluiced failed: ${message}; see sluiced.log` : message;
  send(response, status, 'application/json', JSON.stringify({ message: told }));
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}
