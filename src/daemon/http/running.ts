// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { parseNumber } from '../../net/services.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import {
  BACKEND_ACTIONS,
  SESSION_FILTERS,
  SHOWS,
  type BackendSaid,
  type LogShown,
} from '../api/types.js';
import type { FlowAsked } from '../api/flows.js';
import { MOST_MINUTES } from '../confirm.js';
import { sessionFilter } from '../session-filter.js';
import { ALL_SHOWS } from '../show/all.js';
import { logFilter } from '../show/log.js';
import { flowsAsked, flowsSchema } from './flows.js';
import { RequestError, type Asked, type Route } from './route.js';

/** Bytes that a client who follows the log may be behind. */
const MOST_BEHIND = 2 ** 20;

const filters = Object.fromEntries(
  Object.entries(SESSION_FILTERS).map(([key, meaning]) => [
    key,
    z.string().optional().describe(meaning),
  ]),
);

const backend = z.strictObject({
  balancer: z.string(),
  backend: z.string(),
  action: z.enum(Object.keys(BACKEND_ACTIONS) as [keyof typeof BACKEND_ACTIONS]),
  deadline: z.number().min(0).nullish().describe('Of a drain: seconds until sessions end.'),
});

/** What runs: apply, confirm, shows, sessions and backends. */
export const RUNNING_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/apply',
    role: 'admin',
    summary: 'Brings a rule file into force, or says what that would do.',
    query: {
      main: z.string().describe('Path of the rule file, as its user wrote it.'),
      preview: z.string().optional().describe('Change nothing.'),
      'flows-of-log': z
        .string()
        .optional()
        .describe('Of a preview: minutes whose logged flows are asked about too.'),
      confirm: z.string().optional().describe('Minutes to confirm in.'),
      comment: z.string().max(1024).optional(),
    },
    raw: true,
    audited: true,
    run: ({ source, query, bytes, by }) => {
      const { main = '', preview, confirm, comment = null } = query;
      const minutes = minutesOf(confirm);
      const { flows } = readable(bytes);
      const { user, from } = by;
      if (preview === undefined)
        return source.appliance.apply(main, bytes, { user, from, comment }, minutes);
      const logged = minutesOf(query['flows-of-log']);
      return source.appliance.preview(main, bytes, flowsAsked(source, flows, logged));
    },
  },
  {
    method: 'GET',
    path: '/source',
    role: 'viewer',
    summary: 'The texts in force.',
    run: ({ source }) => {
      const running = source.appliance.source;
      if (running === null) throw new RequestError(409, 'nothing was applied');
      return running;
    },
  },
  {
    method: 'POST',
    path: '/confirm',
    role: 'operator',
    summary: 'Keeps a commit that waits for its confirmation.',
    audited: true,
    run: async ({ source }) => {
      const confirmed = await source.appliance.confirm();
      if (confirmed === null) throw new RequestError(409, 'nothing waits for a confirmation');
      return confirmed;
    },
  },
  {
    method: 'POST',
    path: '/balancer',
    role: 'operator',
    summary: 'Enables, drains or disables a backend.',
    body: backend,
    audited: true,
    run: async ({ source, body }) => {
      const { balancer, backend: one, action, deadline = null } = body as BackendSaid;
      const until = deadline === null ? null : Date.now() + deadline * 1000;
      const said = BACKEND_ACTIONS[action];
      return { ended: await source.appliance.balancing.say(balancer, one, said, until) };
    },
  },
  {
    method: 'POST',
    path: '/reload-groups',
    role: 'operator',
    summary: 'Reads files of addresses again.',
    audited: true,
    run: ({ source }) => source.appliance.reload(null),
  },
  {
    method: 'POST',
    path: '/clear-sessions',
    role: 'operator',
    summary: 'Ends sessions that fit.',
    query: { 'dry-run': z.string().optional().describe('Only count them.') },
    body: z.strictObject(filters),
    audited: true,
    run: async ({ source, body, query }) => {
      const given = new URLSearchParams(body as Record<string, string>);
      const packed = sessionFilter(given, '0', source.appliance.names);
      const argument = query['dry-run'] === undefined ? 0n : 1n;
      const { datapath } = source.appliance;
      const cleared = await datapath.request(M.OP_CLEAR_SESSIONS, { body: packed, argument });
      return JSON.parse(cleared.toString('utf8')) as unknown;
    },
  },
  {
    method: 'GET',
    path: '/log',
    role: 'viewer',
    summary: 'Records as they come, a JSON line each.',
    query: filters,
    run: follow,
  },
  ...SHOWS.map((show): Route => ({
    method: 'GET',
    path: `/show/${show.replace(' ', '/')}`,
    role: 'viewer',
    summary: `show ${show}`,
    query: {
      ...filters,
      last: z.string().optional(),
      limit: z.string().optional(),
      tunnel: z.string().optional().describe('VPN log: the tunnel; all unless given.'),
    },
    run: async ({ source, query, text }) => {
      const shown = await ALL_SHOWS[show](source, new URLSearchParams(query), text);
      return text ? shown : (JSON.parse(shown) as unknown);
    },
  })),
];

function minutesOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const minutes = parseNumber(text, MOST_MINUTES);
  if (minutes >= 1) return minutes;
  throw new RequestError(400, `minutes to confirm in are a number from 1 to ${MOST_MINUTES}`);
}

/** The texts are read in the compile thread; here only that there are some. */
function readable(bytes: Uint8Array): { flows: readonly FlowAsked[] | undefined } {
  let given: { files?: unknown; directory?: unknown; flows?: unknown } | null = null;
  try {
    given = JSON.parse(Buffer.from(bytes).toString('utf8')) as object | null;
  } catch {
    // Told below.
  }
  const files = typeof given === 'object' ? given?.files : null;
  const texts =
    typeof files === 'object' && files !== null
      ? Object.values(files).every((text) => typeof text === 'string')
      : false;
  if (!texts || typeof given?.directory !== 'string')
    throw new RequestError(400, 'the request is no JSON object with files and a directory');
  const flows = flowsSchema.optional().safeParse(given.flows);
  if (!flows.success) throw new RequestError(400, 'flows are packets with a count each');
  return { flows: flows.data };
}

/** Records as they come until the client goes away. */
function follow({ source: { appliance, log }, query, response }: Asked): undefined {
  const fits = logFilter(new URLSearchParams(query), appliance.names);
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
