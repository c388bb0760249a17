// SPDX-License-Identifier: BSD-3-Clause
import type { z } from 'zod';
import type { Grammar, GrammarNode, ValueGrammar } from '../rulefile/grammar.js';
import { REFERENCES } from '../rulefile/references.js';
import { boundsOf, definition, words, type Schema } from '../rulefile/schema.js';
import { documentSchema } from './document.js';

type Facets = Pick<GrammarNode, 'keys' | 'names' | 'items' | 'value' | 'many'>;

const NUMBER: ValueGrammar = {
  what: 'its number from 1',
  words: [],
  text: false,
  patterns: [],
  number: { minimum: 1, maximum: null },
  longest: null,
  refers: [],
};

let made: GrammarNode | undefined;

/** The whole language as data, from the schema alone. */
export function grammar(): Grammar {
  return { root: (made ??= withoutInactive(nodeOf(documentSchema))), references: REFERENCES };
}

/** `activate` and `deactivate` are the ways to what is inactive. */
function withoutInactive(root: GrammarNode): GrammarNode {
  const keys = Object.entries(root.keys ?? {}).filter(([key]) => key !== 'inactive');
  return { ...root, keys: Object.fromEntries(keys) };
}

function nodeOf(schema: Schema): GrammarNode {
  const { type, innerType, defaultValue } = definition(schema);
  if (type === 'optional' || type === 'default') {
    const inner = nodeOf(innerType as Schema);
    const description = (schema as z.ZodType).description ?? inner.description;
    const fallback = type === 'default' ? String(defaultValue) : inner.fallback;
    return { ...inner, description, fallback, required: false };
  }
  return {
    description: (schema as z.ZodType).description ?? '',
    required: true,
    fallback: null,
    what: words.get(schema as never)?.what ?? null,
    ...facetsOf(schema),
  };
}

function facetsOf(schema: Schema): Facets {
  const def = definition(schema);
  switch (def.type) {
    case 'object': {
      const shape = Object.entries(def.shape as Record<string, Schema>);
      return {
        keys: Object.fromEntries(shape.map(([key, value]) => [key, nodeOf(value)])),
        many: false,
      };
    }
    case 'record': {
      const name = valueOf(def.keyType as Schema);
      return { names: { name, each: nodeOf(def.valueType as Schema) }, many: false };
    }
    case 'array':
      return listOf(def.element as Schema);
    case 'union':
      return (def.options as readonly Schema[]).map(facetsOf).reduce(together);
    default:
      return { value: valueOf(schema), many: false };
  }
}

/** A list of maps has items; a list of values is a value that adds up. */
function listOf(element: Schema): Facets {
  const each = nodeOf(element);
  if (each.keys === undefined) return { ...facetsOf(element), many: true };
  const shape = definition(element).shape as Record<string, Schema>;
  const given = words.get(element as never)?.identity;
  const identity = given ?? ('name' in shape ? 'name' : null);
  const own = identity === null ? undefined : shape[identity];
  const name = own === undefined ? NUMBER : (nodeOf(own).value ?? NUMBER);
  return { items: { identity, name, each }, many: false };
}

/** A union takes what any of its options takes. */
function together(a: Facets, b: Facets): Facets {
  const value =
    a.value !== undefined && b.value !== undefined
      ? either(a.value, b.value)
      : (a.value ?? b.value);
  return { ...a, ...b, ...(value === undefined ? {} : { value }), many: a.many || b.many };
}

function either(a: ValueGrammar, b: ValueGrammar): ValueGrammar {
  return {
    what: a.what === b.what ? a.what : `${a.what}, or ${b.what}`,
    words: [...new Set([...a.words, ...b.words])],
    text: a.text || b.text,
    // What fits one kind of text need not fit the other.
    patterns: a.text && b.text ? [] : [...a.patterns, ...b.patterns],
    number: a.number ?? b.number,
    longest: a.text && b.text ? null : (a.longest ?? b.longest),
    refers: [...new Set([...a.refers, ...b.refers])],
  };
}

function valueOf(schema: Schema): ValueGrammar {
  const { type, entries, values } = definition(schema);
  const { what, refers = [] } = words.get(schema as never) ?? {};
  const none = { words: [], text: false, patterns: [], number: null, longest: null, refers };
  if (type === 'boolean') return { ...none, what: 'true or false', words: ['true', 'false'] };
  if (type === 'enum' || type === 'literal') {
    const choices = type === 'enum' ? Object.values(entries as object) : (values as unknown[]);
    const all = choices.map(String);
    return { ...none, what: what ?? all.join(' or '), words: all };
  }
  const { minimum = null, maximum = null, patterns } = boundsOf(schema);
  if (type === 'number') return { ...none, what: what ?? 'a number', number: { minimum, maximum } };
  const sources = patterns.map(({ source }) => source);
  return { ...none, what: what ?? 'text', text: true, patterns: sources, longest: maximum };
}
