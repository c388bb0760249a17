// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../diagnostics/suggest.js';
import { oneOf, quote } from '../diagnostics/text.js';
import type { Context } from './context.js';
import { definition, words, type Schema, type Words } from './schema.js';
import { isAbsent, type ScalarNode } from './tree.js';

/** What zod gathers of the checks of a text or number. */
interface Bag {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly patterns?: ReadonlySet<RegExp>;
}

/** Reads text as the schema of a scalar says; undefined after an error, which is then reported. */
export function readScalar(schema: Schema, node: ScalarNode, context: Context): unknown {
  const def = definition(schema);
  const { bag = {} } = (schema as Schema & { _zod: { bag?: Bag } })._zod;
  const { value } = node;
  const known = words.get(schema as never) ?? {};
  if (isAbsent(node)) {
    context.report('wrong-kind', node, `${known.what ?? 'a value'} is missing here`);
    return undefined;
  }
  const part = known.planned?.[value];
  if (part !== undefined && Object.hasOwn(known.planned ?? {}, value)) {
    context.report('not-built', node, `'${value}' belongs to ${part}, which is not built yet`);
    return undefined;
  }
  switch (def.type) {
    case 'string':
      return readText(node, bag, known, context);
    case 'number':
      return readNumber(node, bag, known, context);
    case 'boolean':
      return readBoolean(node, context);
    default:
      return readChoice(choicesOf(schema), node, known, context);
  }
}

function readText(node: ScalarNode, bag: Bag, known: Words, context: Context): string | undefined {
  const { value } = node;
  const { what = 'text' } = known;
  if (bag.maximum !== undefined && value.length > bag.maximum) {
    const message = `the text has ${value.length} characters; the limit is ${bag.maximum}`;
    context.report('too-large', node, message);
    return undefined;
  }
  for (const pattern of bag.patterns ?? []) {
    if (pattern.test(value)) continue;
    context.report(known.code ?? 'wrong-value', node, `${quote(value)} is not ${what}`);
    return undefined;
  }
  return value;
}

function readNumber(
  node: ScalarNode,
  bag: Bag,
  known: Words,
  context: Context,
): number | undefined {
  const number = /^(0|-?[1-9][0-9]{0,14})$/.test(node.value) ? Number(node.value) : Number.NaN;
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = bag;
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
  const def = definition(schema);
  if (def.type === 'enum') return Object.values(def.entries as Record<string, string>);
  if (def.type === 'literal') return def.values as (string | number)[];
  throw new Error(`schemas of type ${def.type} are not read from rule files`);
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
    hint: () => didYouMean(node.value, texts),
  });
  return undefined;
}
