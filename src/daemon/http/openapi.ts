// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import type { Route } from './route.js';

type Json = Record<string, unknown>;

/** The OpenAPI document of routes, from the schemas they read requests with. */
export function openApi(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const at = (paths[route.path] ??= {});
    at[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version: '1',
      description:
        'The API of sluiced, on the Unix socket sluiced.sock in its run directory, and over TLS where `system.api` has it listen.',
    },
    // The kernel says who is at the other end of the Unix socket.
    security: [{}, { token: [] }, { certificate: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        certificate: { type: 'mutualTLS' },
      },
      schemas: {
        Problem: {
          type: 'object',
          required: ['message'],
          properties: {
            message: { type: 'string' },
            details: { type: 'array', items: { type: 'string' } },
          },
        },
      },
    },
  };
}

function operationOf({ method, path, role, summary, query = {}, body, raw }: Route): Json {
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string', minLength: 1 },
    })),
    ...Object.entries(query).map(([name, schema]) => ({
      name,
      in: 'query',
      required: !schema.safeParse(undefined).success,
      schema: jsonOf(schema),
    })),
  ];
  const problem = {
    description: 'What is wrong with the request.',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  const content = body === undefined ? (raw ? RAW : undefined) : jsonOf(body);
  return {
    summary,
    operationId: `${method.toLowerCase()}${path.replace(/[{}]/g, '').replaceAll('/', '-')}`,
    'x-role': role,
    parameters,
    ...(content === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: content } } } }),
    responses: {
      '200': { description: 'The answer.', content: { 'application/json': { schema: {} } } },
      '422': {
        description:
          'Understood and refused: nothing has happened; diagnostics are those of `check`.',
        content: { 'application/json': { schema: { type: 'object', required: ['ok'] } } },
      },
      '4XX': problem,
      '503': { ...problem, description: 'The datapath is away.' },
    },
  };
}

/** Texts of a rule file and all it includes. */
const RAW: Json = {
  type: 'object',
  required: ['files', 'directory'],
  properties: {
    files: { type: 'object', additionalProperties: { type: 'string' } },
    directory: { type: 'string' },
    replace: { type: 'boolean' },
  },
};

function jsonOf(schema: z.ZodType): Json {
  const made = z.toJSONSchema(schema, { io: 'input' }) as Json;
  delete made['$schema'];
  return made;
}
