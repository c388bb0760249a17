// SPDX-License-Identifier: BSD-3-Clause
import type { z } from 'zod';
import { definition, words, type Schema } from '../rulefile/schema.js';
import { documentSchema } from './document.js';

/** A key of the language, as reference pages list it. */
export interface Key {
  /** Keys from the root; NAME stands for a name people choose, `[]` for each item of a list. */
  readonly path: string;
  readonly value: string;
  readonly required: boolean;
  /** The value where the key is missing, if it has one. */
  readonly fallback: string | null;
  readonly description: string;
}

/** Every key of the language in the order of the schema. */
export function keys(): Key[] {
  return [...below(documentSchema, '')];
}

function* below(schema: Schema, prefix: string): Generator<Key> {
  const def = definition(schema);
  switch (def.type) {
    case 'optional':
    case 'default':
      yield* below(def.innerType as Schema, prefix);
      break;
    case 'object':
      for (const [name, value] of Object.entries(def.shape as Record<string, Schema>)) {
        const path = prefix === '' ? name : `${prefix}.${name}`;
        yield keyOf(path, value);
        yield* below(value, path);
      }
      break;
    case 'record':
      yield* below(def.valueType as Schema, `${prefix}.NAME`);
      break;
    case 'array':
      yield* below(def.element as Schema, `${prefix}[]`);
      break;
    case 'union':
      for (const option of def.options as readonly Schema[]) {
        if (definition(option).type === 'object') yield* below(option, prefix);
      }
      break;
  }
}

function keyOf(path: string, schema: Schema): Key {
  const { type, defaultValue } = definition(schema);
  return {
    path,
    value: valueOf(schema),
    required: type !== 'optional' && type !== 'default',
    fallback: type === 'default' ? String(defaultValue) : null,
    description: descriptionOf(schema),
  };
}

function descriptionOf(schema: Schema): string {
  const { innerType } = definition(schema);
  const own = (schema as z.ZodType).description;
  return own ?? (innerType === undefined ? '' : descriptionOf(innerType as Schema));
}

/** What kind of value a schema takes, in a few words. */
function valueOf(schema: Schema): string {
  const def = definition(schema);
  const { what } = words.get(schema as never) ?? {};
  switch (def.type) {
    case 'optional':
    case 'default':
      return valueOf(def.innerType as Schema);
    case 'object':
      return 'map';
    case 'record':
      return 'map by name';
    case 'array':
      return 'list';
    case 'boolean':
      return 'true or false';
    case 'enum':
      return Object.values(def.entries as Record<string, string>).join(' or ');
    case 'literal':
      return (def.values as unknown[]).join(' or ');
    case 'union':
      return [...new Set((def.options as readonly Schema[]).map(valueOf))].join(', or ');
    default:
      return what ?? (def.type === 'number' ? 'a number' : 'text');
  }
}
