// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../diagnostics/suggest.js';
import { quote } from '../diagnostics/text.js';
import type { Context } from './context.js';
import { scalarReader } from './scalar.js';
import { boundsOf, definition, words, type Schema } from './schema.js';
import { isAbsent, type ListNode, type MapNode, type Node } from './tree.js';

/** Reads a node as the schema says; undefined after an error, which is then reported. */
export type Typed = (node: Node, context: Context) => unknown;

const compiled = new WeakMap<Schema, Typed>();

/**
 * The function that reads nodes as a schema says, every error with its place. List items and named
 * values that are refused are left out; all else that is wrong makes the value around it undefined.
 */
export function typed(schema: Schema): Typed {
  let found = compiled.get(schema);
  if (found === undefined) {
    found = compile(schema);
    compiled.set(schema, found);
  }
  return found;
}

function compile(schema: Schema): Typed {
  const def = definition(schema);
  switch (def.type) {
    case 'optional':
    case 'default':
      return typed(def.innerType as Schema);
    case 'object':
      return compileObject(schema);
    case 'record':
      return compileRecord(def.keyType as Schema, def.valueType as Schema);
    case 'array':
      return compileArray(schema, def.element as Schema);
    case 'union':
      return compileUnion(def.options as readonly Schema[]);
    default: {
      const scalar = scalarReader(schema);
      return (node, context) =>
        node.kind === 'scalar' ? scalar(node, context) : refuse(node, ['text'], context);
    }
  }
}

function compileObject(schema: Schema): Typed {
  const fields = new Map<string, Typed>();
  const needed: string[] = [];
  const defaults: [string, unknown][] = [];
  for (const [key, value] of Object.entries(definition(schema).shape as Record<string, Schema>)) {
    fields.set(key, typed(value));
    const { type, defaultValue } = definition(value);
    if (type === 'default') defaults.push([key, defaultValue]);
    else if (type !== 'optional') needed.push(key);
  }
  const { planned = {}, what = 'this map' } = words.get(schema as never) ?? {};
  const left = new Map(Object.entries(planned));
  return (node, context) => {
    if (node.kind !== 'map' && !(needed.length === 0 && isAbsent(node))) {
      return refuse(node, ['map'], context);
    }
    const value: Record<string, unknown> = {};
    let whole = true;
    let planning = false;
    for (const entry of node.kind === 'map' ? node.entries : []) {
      const key = entry.key.value;
      const field = fields.get(key);
      if (field === undefined) {
        const part = left.get(key);
        if (part !== undefined) {
          notBuilt(key, part, entry.key, context);
          planning = true;
        } else {
          context.report('unknown-key', entry.key, `there is no key ${quote(key)} here`, {
            hint: () => didYouMean(key, fields.keys()),
          });
        }
        continue;
      }
      const read = field(entry.value, context);
      if (read === undefined) whole = false;
      else value[key] = read;
    }
    context.place(value, node);
    for (const key of needed) {
      if (key in value || context.wrote(value, key)) continue;
      whole = false;
      // A map with a key of a part to come has another form there.
      if (planning) continue;
      context.report('missing-key', context.at(value), `${what} needs the key '${key}'`);
    }
    for (const [key, text] of defaults) if (!(key in value)) value[key] = text;
    return whole ? value : undefined;
  };
}

function compileRecord(keySchema: Schema, valueSchema: Schema): Typed {
  const item = typed(valueSchema);
  const name = scalarReader(keySchema);
  return (node, context) => {
    if (node.kind !== 'map' && !isAbsent(node)) return refuse(node, ['names'], context);
    const map = new Map<string, unknown>();
    context.place(map, node);
    for (const entry of node.kind === 'map' ? node.entries : []) {
      const key = name({ ...entry.key, quoted: true }, context);
      const read = context.remembered(item, entry.value);
      if (typeof key === 'string' && read !== undefined) map.set(key, read);
    }
    return map;
  };
}

function compileArray(schema: Schema, element: Schema): Typed {
  const item = typed(element);
  const { minimum = 0 } = boundsOf(schema);
  const scalars = definition(element).type !== 'object';
  return (node, context) => {
    if (node.kind !== 'list' && !isAbsent(node)) return refuse(node, ['list'], context);
    const items = node.kind === 'list' ? node.items : [];
    if (items.length < minimum) {
      context.report(
        'wrong-value',
        { offset: node.offset, end: node.offset + 1 },
        'the list is empty',
      );
      return undefined;
    }
    const list: unknown[] = [];
    let whole = true;
    const read = scalars
      ? items.map((one) => context.remembered(item, one))
      : context.rememberedAll(item, items);
    for (const one of read) {
      if (one !== undefined) list.push(one);
      else whole = false;
    }
    context.place(list, node);
    // Items that are no objects are placed by their index, so none may be left out before others.
    return whole || !scalars ? list : undefined;
  };
}

function compileUnion(options: readonly Schema[]): Typed {
  const kinds = new Map<string, Typed>();
  const scalars = options.filter((option) => kindOf(option) === 'text');
  for (const option of options) {
    if (kindOf(option) !== 'text') kinds.set(kindOf(option), typed(option));
  }
  const numbers = scalars.find((option) => definition(option).type === 'number');
  const texts = scalars.find((option) => option !== numbers);
  const numeric = numbers && scalarReader(numbers);
  const other = texts && scalarReader(texts);
  const names = [...(scalars.length > 0 ? ['text'] : []), ...kinds.keys()];
  return (node, context) => {
    if (node.kind !== 'scalar') {
      const option = kinds.get(node.kind);
      return option === undefined ? refuse(node, names, context) : option(node, context);
    }
    if (isAbsent(node)) return refuse(node, names, context);
    const plainNumber = !node.quoted && /^[0-9]+$/.test(node.value);
    const option = plainNumber ? (numeric ?? other) : (other ?? numeric);
    return option === undefined ? refuse(node, names, context) : option(node, context);
  };
}

function kindOf(schema: Schema): 'text' | 'list' | 'map' {
  const { type } = definition(schema);
  if (type === 'array') return 'list';
  return type === 'object' || type === 'record' ? 'map' : 'text';
}

/** Reports a node of the wrong kind; its value is undefined. */
function refuse(node: Node, wanted: readonly string[], context: Context): unknown {
  const kinds = { text: 'text', list: 'a list', map: 'a map', names: 'a map' } as const;
  const want = wanted.map((kind) => kinds[kind as keyof typeof kinds]);
  const found = isAbsent(node) ? 'nothing' : node.kind === 'scalar' ? 'text' : kinds[node.kind];
  const expected =
    want.length < 2 ? want.join('') : `${want.slice(0, -1).join(', ')} or ${want.at(-1)}`;
  const span = node.kind === 'scalar' ? node : { offset: node.offset, end: node.offset + 1 };
  context.report('wrong-kind', span, `${expected} is expected here, not ${found}`, {
    hint: hintFor(node, wanted),
  });
  return undefined;
}

function hintFor(node: Node, wanted: readonly string[]): string | null {
  if (wanted.length !== 1) return null;
  if (wanted[0] === 'list' && node.kind === 'scalar' && !isAbsent(node)) {
    return `a list of one is written [${node.value.slice(0, 60)}]`;
  }
  if (wanted[0] === 'names' && isList(node))
    return 'this is a map of names, not a list: write NAME: {…}';
  if (wanted[0] === 'list' && isMap(node))
    return "the order counts here: write a list of '- name: NAME'";
  return null;
}

function isList(node: Node): node is ListNode {
  return node.kind === 'list';
}

function isMap(node: Node): node is MapNode {
  return node.kind === 'map';
}

/** Reports a key or value that belongs to a part of the language to come. */
export function notBuilt(text: string, part: string, span: Node, context: Context): void {
  context.report('not-built', span, `'${text}' belongs to ${part}, which is not built yet`);
}
