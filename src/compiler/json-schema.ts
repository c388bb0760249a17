// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { documentSchema } from './document.js';

type Json = Record<string, unknown>;

const INCLUDE: Json = {
  description: 'A file or files to take in here; paths are relative to this file.',
  anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
};

/** The JSON Schema of rule files, for editors: the language plus `include` wherever it may stand. */
export function jsonSchema(): Json {
  const schema = z.toJSONSchema(documentSchema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema: one }) => allowInclude(one as Json),
  }) as Json;
  const { $schema, ...rest } = schema;
  return { $schema, title: 'Sluice rule file', ...rest };
}

function allowInclude(one: Json): void {
  if (one.type === 'object') {
    const properties = (one.properties ??= {}) as Json;
    properties.include ??= INCLUDE;
    // What an included file brings is not seen here, so nothing but `version` can be required.
    if (Array.isArray(one.required) && properties.version === undefined && !hasOwnInclude(one)) {
      one.anyOf = [{ required: one.required }, { required: ['include'] }];
      delete one.required;
    }
  }
}

function hasOwnInclude(one: Json): boolean {
  return (one.properties as Json).include !== INCLUDE;
}
