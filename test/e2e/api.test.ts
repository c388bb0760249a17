// SPDX-License-Identifier: BSD-3-Clause
import { request } from 'node:http';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CandidateTold } from '../../src/daemon/api/candidates.js';
import { Lab } from '../../src/lab/lab.js';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
}
interface Operation {
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: Schema }[];
  readonly requestBody?: { content: { 'application/json': { schema: Schema } } };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

let lab: Lab;
let document: Document;
beforeAll(async () => {
  lab = await Lab.start();
  expect((await lab.sluice('apply', lab.rules)).code).toBe(0);
  document = (await lab.api.get('/openapi.json')) as Document;
});
afterAll(() => lab.close());

/** What a schema admits, and now and then something else. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: fitting(schema) },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
}

function fitting(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valueOf));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  switch (schema.type) {
    case 'object': {
      const shape = Object.entries(schema.properties ?? {}).map(([key, one]) => [
        key,
        valueOf(one),
      ]);
      return fc.record(Object.fromEntries(shape) as Record<string, fc.Arbitrary<unknown>>, {
        requiredKeys: [...(schema.required ?? [])],
      });
    }
    case 'array':
      return fc.array(valueOf(schema.items ?? {}), { maxLength: 4 });
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 9, 9) });
    case 'boolean':
      return fc.boolean();
    case 'string':
      return fc.oneof(words, fc.string());
    default:
      return fc.jsonValue();
  }
}

/** Words of the language, so that some edits go deep. */
const words = fc.constantFrom(
  ...['policies', 'office-out', 'rules', 'browse', 'source', 'action', 'allow', 'zones', 'inside'],
  ...['groups', 'addresses', 'version', '1', '10.0.0.0/8', '__proto__', 'constructor', 'x#2', ''],
);

function call(
  method: string,
  target: string,
  body: unknown,
): Promise<{ status: number; text: string }> {
  const socketPath = path.join(lab.runDirectory, 'sluiced.sock');
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path: target }, (response) => {
      // A log that is followed has no end.
      if (response.headers['content-type'] === 'application/x-ndjson') {
        response.destroy();
        resolve({ status: response.statusCode ?? 0, text: '{}' });
        return;
      }
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

test('a rule file with errors is refused by 422 with the diagnostics of check', async () => {
  const text = 'version: 1\nzones: {a: {}}\npolicies:\n  - {name: p, from: a, to: b, rules: []}\n';
  const body = { files: { 'x.yaml': text }, directory: '/' };
  const { status, text: answer } = await call('POST', '/apply?main=x.yaml', body);
  expect(status).toBe(422);
  expect(JSON.parse(answer)).toMatchObject({
    ok: false,
    diagnostics: [{ code: 'unknown-zone', file: 'x.yaml', line: 4 }],
  });
  expect((await call('POST', '/apply?main=x.yaml', { files: 3 })).status).toBe(400);
  expect((await call('POST', '/nowhere', {})).status).toBe(404);
});

test(
  'whatever a client sends by the document, it gets an answer or a 4xx that says why',
  { timeout: 300_000 },
  async () => {
    const open = { mode: 'private', user: 'fuzz', from: 'here' };
    const { id } = (await lab.api.post('/candidates', open)) as CandidateTold;
    const seen = new Map<number, number>();
    const operations = Object.entries(document.paths).flatMap(([target, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ target, method, operation })),
    );
    expect(operations.length).toBeGreaterThan(30);
    const requests = fc.constantFrom(...operations).chain(({ target, method, operation }) => {
      const { parameters, requestBody } = operation;
      const inPath = parameters.filter((one) => one.in === 'path');
      const inQuery = parameters.filter((one) => one.in === 'query');
      return fc.record({
        target: fc.constant(target),
        method: fc.constant(method.toUpperCase()),
        given: fc.array(fc.oneof(fc.constant(id), fc.constant('1'), fc.string({ minLength: 1 })), {
          minLength: inPath.length,
          maxLength: inPath.length,
        }),
        query: fc.record(
          Object.fromEntries(inQuery.map(({ name, schema }) => [name, valueOf(schema)])),
          { requiredKeys: inQuery.filter((one) => one.required).map(({ name }) => name) },
        ),
        body:
          requestBody === undefined
            ? fc.constant(undefined)
            : valueOf(requestBody.content['application/json'].schema),
      });
    });
    await fc.assert(
      fc.asyncProperty(requests, async ({ target, method, given, query, body }) => {
        // The candidate itself stays for the others.
        if (method === 'DELETE' && given[0] === id) return;
        const values = [...given];
        const filled = target.replace(/\{\w+\}/g, () =>
          encodeURIComponent(values.shift() ?? '').replaceAll('.', '%2E'),
        );
        const search = new URLSearchParams(
          Object.entries(query).map(([key, value]): [string, string] => [
            key,
            typeof value === 'string' ? value : JSON.stringify(value),
          ]),
        );
        const { status, text } = await call(method, `${filled}?${search.toString()}`, body);
        seen.set(status, (seen.get(status) ?? 0) + 1);
        expect([method, filled, status >= 500, text.slice(0, 200)]).toEqual([
          method,
          filled,
          false,
          text.slice(0, 200),
        ]);
        if (target === '/metrics' && status === 200) {
          expect(text.endsWith('# EOF\n')).toBe(true);
          return;
        }
        const said = JSON.parse(text) as { message?: string; ok?: boolean };
        if (status >= 400 && status !== 422) expect(typeof said.message).toBe('string');
        if (status === 422) expect(said.ok).toBe(false);
      }),
      { numRuns: Number(process.env['SLUICE_API_RUNS'] ?? 400) },
    );
    process.stdout.write(
      `answers by status: ${[...seen].map(([s, n]) => `${s}: ${n}`).join(', ')}\n`,
    );
    expect(await lab.api.get('/show/version')).toMatchObject({
      sluice: expect.any(String) as string,
    });
  },
);
