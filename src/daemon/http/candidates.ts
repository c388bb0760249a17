// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { grammar } from '../../compiler/grammar.js';
import type { CandidateAsk } from '../compiler-messages.js';
import { MOST_MINUTES } from '../confirm.js';
import { flowsAsked, flowsSchema } from './flows.js';
import { RequestError, type Asked, type Route } from './route.js';

const word = z.string().max(4096);
const path = z.array(word).max(64).describe('Words that lead to a place.');
const name = z.string().min(1).max(128);

const operation = z.union([
  z.strictObject({ op: z.enum(['set', 'delete', 'activate', 'deactivate']), path }),
  z.strictObject({ op: z.enum(['rename', 'copy']), path, to: word }),
  z.strictObject({
    op: z.literal('insert'),
    path,
    where: z.enum(['before', 'after', 'first', 'last']),
    anchor: word.optional(),
  }),
  z.strictObject({
    op: z.enum(['load-merge', 'load-replace']),
    text: z.string(),
    file: z.string().max(4096).optional(),
  }),
]);

const open = z.strictObject({
  mode: z.enum(['private', 'exclusive']),
  user: name,
  from: name,
});
const edit = z.strictObject({ operations: z.array(operation).max(1_000_000) });
const commit = z.strictObject({
  check: z.boolean().optional(),
  preview: z.boolean().optional(),
  confirm: z.int().min(1).max(MOST_MINUTES).optional().describe('Minutes to confirm in.'),
  comment: z.string().max(1024).optional(),
  flows: flowsSchema.optional().describe('Of a preview: flows to tell the verdicts of.'),
  flows_of_log: z
    .int()
    .min(1)
    .max(MOST_MINUTES)
    .optional()
    .describe('Of a preview: minutes whose logged flows are asked about too.'),
});
const rollback = z.strictObject({ ago: z.int().min(0).max(1_000_000) });

const format = z
  .enum(['tree', 'set', 'text', 'yaml'])
  .describe('Form of the answer; tree unless given.');
const jsonPath = z.string().max(65536).describe('A JSON array of words; everything unless given.');
const number = z
  .string()
  .regex(/^[1-9][0-9]{0,14}$/)
  .describe('Number of a commit.');

const ask = ({ source }: Asked, what: CandidateAsk): Promise<unknown> =>
  source.appliance.candidate(what);
const id = ({ params }: Asked): string => params['id'] ?? '';

/** Candidates, commits and what runs. */
export const CANDIDATE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/grammar',
    role: 'viewer',
    summary: 'The language as data, for completion and help.',
    run: () => grammar(),
  },
  {
    method: 'GET',
    path: '/names',
    role: 'viewer',
    summary: 'Names by kind, of what runs or of a candidate.',
    query: { candidate: name.optional() },
    run: (asked) => ask(asked, { to: 'names', candidate: asked.query['candidate'] ?? null }),
  },
  {
    method: 'GET',
    path: '/configuration',
    role: 'viewer',
    summary: 'What runs, or ran at a commit.',
    query: { path: jsonPath.optional(), format: format.optional(), commit: number.optional() },
    run: (asked) => {
      const of = asked.query['commit'] === undefined ? null : Number(asked.query['commit']);
      return ask(asked, { to: 'config', of, ...shape(asked) });
    },
  },
  {
    method: 'GET',
    path: '/candidates',
    role: 'viewer',
    summary: 'Who edits.',
    run: (asked) => ask(asked, { to: 'list' }),
  },
  {
    method: 'POST',
    path: '/candidates',
    role: 'operator',
    summary: 'A configuration of one’s own to edit, which starts as what runs.',
    body: open,
    run: (asked) => ask(asked, { to: 'open', request: asked.body as z.infer<typeof open> }),
  },
  {
    method: 'DELETE',
    path: '/candidates/{id}',
    role: 'operator',
    summary: 'Throws a candidate away.',
    run: (asked) => ask(asked, { to: 'drop', candidate: id(asked) }),
  },
  {
    method: 'GET',
    path: '/candidates/{id}/hold',
    role: 'operator',
    summary: 'Keeps the candidate as long as this request is open: it goes with who has it.',
    run: hold,
  },
  {
    method: 'GET',
    path: '/candidates/{id}/config',
    role: 'operator',
    summary: 'A candidate, or a part of it.',
    query: { path: jsonPath.optional(), format: format.optional() },
    run: (asked) => ask(asked, { to: 'config', of: id(asked), ...shape(asked) }),
  },
  {
    method: 'POST',
    path: '/candidates/{id}/edit',
    role: 'operator',
    summary: 'Operations on a candidate, all or none.',
    body: edit,
    run: (asked) => {
      const { operations } = asked.body as z.infer<typeof edit>;
      // An anchor that is undefined is none.
      const plain = JSON.parse(JSON.stringify(operations)) as never;
      return ask(asked, { to: 'edit', candidate: id(asked), operations: plain });
    },
  },
  {
    method: 'GET',
    path: '/candidates/{id}/compare',
    role: 'operator',
    summary: 'What differs from what runs, or from a commit.',
    query: { with: z.union([z.literal('running'), number]).optional() },
    run: (asked) => {
      const { with: other = 'running' } = asked.query;
      const to = other === 'running' ? null : Number(other);
      return ask(asked, { to: 'compare', candidate: id(asked), with: to });
    },
  },
  {
    method: 'POST',
    path: '/candidates/{id}/rollback',
    role: 'operator',
    summary: 'The candidate becomes what ran so many commits ago.',
    body: rollback,
    run: (asked) => {
      const { ago } = asked.body as z.infer<typeof rollback>;
      return ask(asked, { to: 'rollback', candidate: id(asked), ago });
    },
  },
  {
    method: 'POST',
    path: '/candidates/{id}/commit',
    role: 'operator',
    summary: 'Brings a candidate into force, all of it or nothing.',
    body: commit,
    audited: true,
    run: ({ source, by, params, body }) => {
      const {
        comment = null,
        flows,
        flows_of_log: logged = null,
        ...how
      } = body as z.infer<typeof commit>;
      const { user, from } = by;
      return source.appliance.commit(
        params['id'] ?? '',
        { user, from, comment },
        { ...how, flows: flowsAsked(source, flows, logged), system: by.role === 'admin' },
      );
    },
  },
  {
    method: 'GET',
    path: '/commits',
    role: 'viewer',
    summary: 'Commits that are kept, the newest first.',
    run: ({ source }) => source.appliance.journal.list(),
  },
  {
    method: 'GET',
    path: '/commits/{number}',
    role: 'viewer',
    summary: 'A commit with its texts.',
    run: ({ source, params }) => {
      const { journal } = source.appliance;
      const told = journal.list().find(({ commit: one }) => String(one) === params['number']);
      const kept = told === undefined ? null : journal.read(told.commit);
      if (told === undefined || kept === null)
        throw new RequestError(404, `there is no commit ${params['number'] ?? ''}`);
      return { ...told, files: kept.request.files };
    },
  },
];

/** Whatever becomes of a shell, its candidate and its lock go with it. */
async function hold(asked: Asked): Promise<undefined> {
  const { response, params } = asked;
  await ask(asked, { to: 'compare', candidate: id(asked), with: null });
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  const drop = { to: 'drop', candidate: params['id'] ?? '' } as const;
  response.on('close', () => void ask(asked, drop).catch(() => undefined));
}

function shape({ query }: Asked): { path: readonly string[]; format: string } {
  return { path: wordsIn(query['path']), format: query['format'] ?? 'tree' };
}

function wordsIn(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    return path.parse(JSON.parse(text));
  } catch {
    throw new RequestError(400, 'path is a JSON array of words');
  }
}
