// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../diagnostics/suggest.js';
import { oneOf, quote } from '../diagnostics/text.js';
import type { Context } from './context.js';
import { boundsOf, definition, words, type Bounds, type Schema, type Words } from './schema.js';
import { isAbsent, type ScalarNode } from './tree.js';

/** Reads a scalar; undefined after an error, which is then reported. */
export type ReadScalar = (node: ScalarNode, context: Context) => unknown;

/** The function that reads text as the schema of a scalar says. */
export function scalarReader(schema: Schema): ReadScalar {
  const known = words.get(schema as never) ?? {};
  const planned = new Map(Object.entries(known.planned ?? {}));
  const read = readerOf(schema, known);
  return (node, context) => {
    if (isAbsent(node)) {
      context.report('wrong-kind', node, `${known.what ?? 'a value'} is missing here`);
      return undefined;
    }
    const part = planned.get(node.value);
    if (part === undefined) return read(node, context);
    context.report('not-built', node, `'${node.value}' belongs to ${part}, which is not built yet`);
    return undefined;
  };
}

function readerOf(schema: Schema, known: Words): ReadScalar {
  const { type } = definition(schema);
  if (type === 'boolean') return readBoolean;
  if (type === 'enum' || type === 'literal') {
    const choices = choicesOf(schema);
    return (node, context) => readChoice(choices, node, known, context);
  }
  const bounds = boundsOf(schema);
  if (type === 'string') return (node, context) => readText(node, bounds, known, context);
  if (type === 'number') return (node, context) => readNumber(node, bounds, known, context);
  throw new Error(`schemas of type ${type} are not read from rule files`);
}

function readText(
  node: ScalarNode,
  bounds: Bounds,
  known: Words,
  context: Context,
): string | undefined {
  const { value } = node;
  const { what = 'text' } = known;
  if (bounds.maximum !== undefined && value.length > bounds.maximum) {
    const message = `the text has ${value.length} characters; the limit is ${bounds.maximum}`;
    context.report('too-large', node, message);
    return undefined;
  }
  for (const pattern of bounds.patterns) {
    if (pattern.test(value)) continue;
    context.report(known.code ?? 'wrong-value', node, `${quote(value)} is not ${what}`);
    return undefined;
  }
  return value;
}

function readNumber(
  node: ScalarNode,
  bounds: Bounds,
  known: Words,
  context: Context,
): number | undefined {
  const number = /^(0|-?[1-9][0-9]{0,14})$/.test(node.value) ? Number(node.value) : Number.NaN;
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = bounds;
  if (!node.quoted && number >= minimum && number <= maximum) return number;
  const { what = 'a number' } = known;
  const span = `${what} from ${minimum} to ${maximum} is expected here, not ${quote(node.value)}`;
  context.report(known.code ?? 'wrong-value', node, span, {
    hint: node.quoted && !Number.isNaN(number) ? 'write the number without quotes' : null,
  });
  return undefined;
}

function readBoolean(node: ScalarNode, context: Context): boolean | undefined {
  if (!node.quoted && node.value === 'true') return true;
  if (!node.quoted && node.value === 'false') return false;
  const word = node.value.toLowerCase();
  const yes = ['yes', 'on', 'true', 'y', '1'].includes(word);
  const no = ['no', 'off', 'false', 'n', '0'].includes(word);
  context.report('wrong-value', node, `true or false is expected here, not ${quote(node.value)}`, {
    hint: yes || no ? `write ${yes} without quotes` : null,
  });
  return undefined;
}

function choicesOf(schema: Schema): (string | number)[] {
  const { type, entries, values } = definition(schema);
  if (type === 'enum') return Object.values(entries as Record<string, string>);
  return values as (string | number)[];
}

function readChoice(
  choices: readonly (string | number)[],
  node: ScalarNode,
  known: Words,
  context: Context,
): string | number | undefined {
  const found = choices.find((choice) => String(choice) === node.value);
  if (found !== undefined && (typeof found === 'string' || !node.quoted)) return found;
  const texts = choices.map(String);
  const message = `${oneOf(texts)} is expected here, not ${quote(node.value)}`;
  context.report(known.code ?? 'wrong-value', node, message, {
    hint: () => (texts.length === 1 ? null : didYouMean(node.value, texts)),
  });
  return undefined;
}
