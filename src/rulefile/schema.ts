// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import type { Code } from '../diagnostics/codes.js';
import type { Reference } from './references.js';

/** A zod schema as it is walked here: by its definition. */
export interface Schema {
  readonly _zod: { readonly def: { readonly type: string } };
}

/** The definition of a schema: `type` says which other keys it has (zod's core types list them). */
export function definition(schema: Schema): {
  readonly type: string;
  readonly [key: string]: unknown;
} {
  return { ...schema._zod.def };
}

/** What the language says of a schema beyond what zod knows. */
export interface Words {
  /** How messages call such a value, e.g. `an interface name`. */
  readonly what?: string;
  /** The code of a value that the schema refuses; `wrong-value` unless given. */
  readonly code?: Code;
  /** The text names a file, relative to the rule file that names it; its text is read with the rest. */
  readonly file?: boolean;
  /** What the text may name. */
  readonly refers?: readonly Reference[];
  /** Of an item of a list: the key whose value tells it from others; `name` where there is one. */
  readonly identity?: string;
  /** Of a `file`: the pattern of text that is meant itself and names none. */
  readonly inline?: string;
  /** Keys or values of parts that are not built yet, with the name of the part. */
  readonly planned?: Readonly<Record<string, string>>;
}

/** What the checks of a schema say: bounds of a number or a length, patterns of text. */
export interface Bounds {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly patterns: readonly RegExp[];
}

/** The bounds a schema sets. A check that is not known here is our mistake, never ignored. */
export function boundsOf(schema: Schema): Bounds {
  const checks = (definition(schema).checks ?? []) as { readonly _zod: { readonly def: Check } }[];
  let bounds: Bounds = { patterns: [] };
  for (const { _zod } of checks) {
    const { check, minimum, maximum, value, inclusive, pattern } = _zod.def;
    if (check === 'min_length' && minimum !== undefined) bounds = { ...bounds, minimum };
    else if (check === 'max_length' && maximum !== undefined) bounds = { ...bounds, maximum };
    else if (check === 'greater_than' && inclusive === true && value !== undefined) {
      bounds = { ...bounds, minimum: value };
    } else if (check === 'less_than' && inclusive === true && value !== undefined) {
      bounds = { ...bounds, maximum: value };
    } else if (check === 'string_format' && pattern !== undefined) {
      bounds = { ...bounds, patterns: [...bounds.patterns, pattern] };
    } else throw new Error(`rule files are not checked for ${check}`);
  }
  return bounds;
}

interface Check {
  readonly check: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly pattern?: RegExp;
}

/** Words by schema. */
export const words = z.registry<Words>();

/** Names the words of a schema and gives it back. */
export function withWords<S extends z.ZodType>(schema: S, more: Words): S {
  words.add(schema, more);
  return schema;
}

/** The value of a schema as it is loaded: maps with free names become Maps. */
export type Loaded<T> = T extends string | number | boolean | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Loaded<Item>[]
    : string extends keyof T
      ? ReadonlyMap<string, Loaded<T[keyof T]>>
      : { readonly [K in keyof T]: Loaded<T[K]> };

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/;

/** A name people give to something; `what` as in "a zone name". */
export function nameSchema(what: string) {
  return withWords(z.string().regex(NAME), { what, code: 'name-invalid' });
}

/** Such a name of something that is written elsewhere. */
export function referenceSchema(what: string, ...refers: readonly Reference[]) {
  return withWords(z.string().regex(NAME), { what, code: 'name-invalid', refers });
}

/** Free text that goes along with something. */
export function descriptionSchema() {
  return z.string().max(1024).describe('Free text, kept with the configuration.');
}

/** One value or a list of them. */
export function oneOrMany<S extends z.ZodType>(schema: S) {
  return z.union([schema, z.array(schema).min(1)]);
}

/** The items of a value that may stand alone, with the owner and key that place each. */
export function itemsOf(
  owner: object,
  key: string,
  value: string | readonly string[],
): { readonly text: string; readonly owner: object; readonly key: string | number }[] {
  if (typeof value === 'string') return [{ text: value, owner, key }];
  return value.map((text, i) => ({ text, owner: value, key: i }));
}
