// SPDX-License-Identifier: BSD-3-Clause
import { chmodSync, chownSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { z } from 'zod';
import { DatapathAway, DatapathRefused } from '../datapath/libsluice.js';
import { DatapathError, ImageRefused } from '../datapath/offline.js';
import { apiSocket } from './api/rundir.js';
import { SecretError } from '../vpn/secrets.js';
import { VpnError } from './vpn/vpn.js';
import { UnknownBackend } from './balancing.js';
import { CandidateError } from './candidate-error.js';
import { askerOf, may, ROLE_GROUPS } from './http/asker.js';
import { RequestError, type Asker, type Route } from './http/route.js';
import { ROUTES } from './http/routes.js';
import { FilterError } from './session-filter.js';
import type { Source } from './show/source.js';

/** Bytes a request may have: the texts of the largest model there can be. */
const MOST_BODY = 512 * 2 ** 20;

/** Failures whose message is for the user. */
const REFUSALS = [
  FilterError,
  UnknownBackend,
  DatapathRefused,
  ImageRefused,
  SecretError,
  VpnError,
] as const;

/** A way in: what it leads to, and who comes by it. */
export interface Entry {
  readonly routes: readonly Route[];
  readonly asker: (request: IncomingMessage) => Asker;
  /** Anybody's browser may be made to send it something. */
  readonly open: boolean;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers requests that come by one way in. */
export function handlerOf(source: Source, log: Logger, entry: Entry): Handler {
  const table = entry.routes.map((route) => ({ route, segments: route.path.split('/') }));
  return (request, response) => {
    answer(source, { ...entry, table }, request, response, log).catch((error: unknown) => {
      fail(response, error, log);
    });
  };
}

/** The JSON API on RUN_DIR/sluiced.sock, for root, and for users of the appliance where it has such groups. */
export function serve(directory: string, source: Source, log: Logger): Promise<Server> {
  const path = apiSocket(directory);
  rmSync(path, { force: true });
  const entry = { routes: ROUTES, asker: askerOf, open: false };
  const server = createServer(handlerOf(source, log, entry));
  const mask = process.umask(0o177);
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(path, () => {
      process.umask(mask);
      share(directory, path);
      resolve(server);
    });
  });
}

/** The kernel lets in whom the groups name; what they may do is asked of each request. */
function share(directory: string, path: string): void {
  const [everybody = ''] = ROLE_GROUPS[0] ?? [];
  const groups = existsSync('/etc/group') ? readFileSync('/etc/group', 'utf8') : '';
  const gid = new RegExp(`^${everybody}:[^:]*:([0-9]+):`, 'm').exec(groups)?.[1];
  chmodSync(path, gid === undefined ? 0o600 : 0o660);
  if (gid === undefined || process.getuid?.() !== 0) return;
  for (const one of [directory, path]) chownSync(one, 0, Number(gid));
}

type Table = readonly { readonly route: Route; readonly segments: readonly string[] }[];

async function answer(
  source: Source,
  { table, asker, open }: Entry & { readonly table: Table },
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
): Promise<void> {
  const url = urlOf(request);
  // Who asks comes first: strangers are told nothing.
  const by = asker(request);
  const { route, params } = find(table, request.method ?? '', url.pathname);
  if (!may(by.role, route.role))
    throw new RequestError(403, `${by.user} has the role ${by.role}, and this takes ${route.role}`);
  const query = queryOf(route, url.searchParams);
  const type = request.headers['content-type'] ?? '';
  // Of another site's making, a browser sends no such type without asking first.
  if (open && request.method === 'POST' && !/^application\/json\b/.test(type))
    throw new RequestError(415, 'a body is application/json');
  const bytes = request.method === 'POST' ? await read(request) : new Uint8Array();
  const body = route.body === undefined ? undefined : checked(route.body, parse(bytes), 'body');
  const text = request.headers.accept === 'text/plain';
  const asked = { source, by, params, query, body, bytes, response, text };
  const said = await route.run(asked);
  if (route.audited === true)
    log.info({ event: 'audit', user: by.user, from: by.from, what: route.path, ...outcome(said) });
  if (said === undefined) return;
  if (text && typeof said === 'string') send(response, 200, 'text/plain', said);
  else send(response, refusing(said) ? 422 : 200, 'application/json', JSON.stringify(said));
}

/** An answer that says why nothing happened, with diagnostics. */
function refusing(said: unknown): boolean {
  if (typeof said !== 'object' || said === null) return false;
  return 'ok' in said && said.ok === false && ('message' in said || 'errors' in said);
}

/** What became of a change, in a word. */
function outcome(said: unknown): object {
  if (typeof said !== 'object' || said === null) return {};
  const { ok, changed, generation, preview } = said as Record<string, unknown>;
  return { ok: ok ?? true, changed, generation, preview };
}

function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://sluiced');
  } catch {
    throw new RequestError(400, 'the path of the request is none');
  }
}

function find(
  table: Table,
  method: string,
  path: string,
): { route: Route; params: Record<string, string> } {
  const segments = path.split('/');
  for (const one of table) {
    if (one.route.method !== method || one.segments.length !== segments.length) continue;
    const params: Record<string, string> = {};
    const fits = one.segments.every((segment, i) => {
      const given = segments[i] as string;
      if (!segment.startsWith('{')) return segment === given;
      params[segment.slice(1, -1)] = given;
      return given !== '';
    });
    if (fits) return { route: one.route, params };
  }
  throw new RequestError(404, `no ${method} ${path}`);
}

function queryOf(route: Route, given: URLSearchParams): Record<string, string> {
  const schema = z.strictObject(route.query ?? {});
  return checked(schema, Object.fromEntries(given), 'query') as Record<string, string>;
}

/** The value as the schema reads it; what is wrong is told with its place. */
function checked(schema: z.ZodType, value: unknown, where: string): unknown {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const details = read.error.issues
    .slice(0, 20)
    .map(({ path, message }) => `${[where, ...path].join('.')}: ${message}`);
  throw new RequestError(400, `the request is not as it should be: ${details[0] ?? ''}`, details);
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
  if (error instanceof RequestError || error instanceof CandidateError) ({ status } = error);
  else if (REFUSALS.some((kind) => error instanceof kind)) status = 400;
  else if (error instanceof DatapathAway || error instanceof DatapathError) status = 503;
  else log.error(error);
  const told = status === 500 ? `sluiced failed: ${message}; see sluiced.log` : message;
  const details = error instanceof RequestError ? error.details : [];
  // RFC 6750, 3
  if (status === 401 && !response.headersSent)
    response.setHeader('www-authenticate', 'Bearer realm="sluice"');
  send(response, status, 'application/json', JSON.stringify({ message: told, details }));
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}
