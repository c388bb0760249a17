// SPDX-License-Identifier: BSD-3-Clause
import { nearest } from '../../diagnostics/suggest.js';
import { quote } from '../../diagnostics/text.js';
import type { EditError, Words } from '../../rulefile/config.js';
import type { GrammarNode, ValueGrammar } from '../../rulefile/grammar.js';
import type { Entry, Node } from '../../rulefile/tree.js';
import { namesOf } from './nodes.js';

/** What a word of a path is, by the grammar. */
export interface Step {
  readonly kind: 'key' | 'name' | 'item' | 'value';
  readonly word: string;
  /** Of the place the word is looked up in. */
  readonly within: GrammarNode;
  /** Of the place it leads to. */
  readonly grammar: GrammarNode;
}

export type Fault = Omit<EditError, 'operation'>;

/** A path, or what is wrong with it. */
export type Located = { readonly steps: readonly Step[] } | Fault;

/** Walks the grammar by the words of a path; values end it. */
export function locate(root: GrammarNode, words: Words): Located {
  const steps: Step[] = [];
  let at = root;
  for (const [i, word] of words.entries()) {
    const last = steps.at(-1);
    if (last?.kind === 'value')
      return fault(i, `nothing follows ${quote(last.word)} here`, [], word);
    const step = stepOf(at, word);
    if ('message' in step) return { ...step, word: i };
    steps.push(step);
    at = step.grammar;
  }
  return { steps };
}

/**
 * The paths that the words of `set` name: after a value, a key of the map around it begins another,
 * and where values add up, another value does.
 */
export function locateAll(root: GrammarNode, words: Words): readonly (readonly Step[])[] | Fault {
  const all: Step[][] = [];
  let steps: Step[] = [];
  for (const [i, word] of words.entries()) {
    const last = steps.at(-1);
    if (last?.kind === 'value') {
      all.push(steps);
      // Behind the value stands its key, and around that the map.
      const around = steps.slice(0, -2);
      const map = around.at(-1)?.grammar ?? root;
      const again = steps.slice(0, -1);
      if (hasKey(map, word)) steps = around;
      else if (last.within.many) steps = again;
      else {
        const expected = Object.keys(map.keys ?? {});
        return fault(i, `there is no key ${quote(word)} here`, expected, word);
      }
    }
    const step = stepOf(steps.at(-1)?.grammar ?? root, word);
    if ('message' in step) return { ...step, word: i };
    steps = [...steps, step];
  }
  all.push(steps);
  return all;
}

export function hasKey({ keys }: GrammarNode, word: string): boolean {
  return keys !== undefined && Object.hasOwn(keys, word);
}

/** The place a word leads to, or why it leads nowhere. */
export function stepOf(within: GrammarNode, word: string): Step | Fault {
  const { keys, names, items, value } = within;
  if (keys !== undefined && hasKey(within, word))
    return { kind: 'key', word, within, grammar: keys[word] as GrammarNode };
  if (names !== undefined)
    return unfit(names.name, word) ?? { kind: 'name', word, within, grammar: names.each };
  if (items !== undefined) {
    const plain = word.replace(/#[1-9][0-9]*$/, '');
    return unfit(items.name, plain) ?? { kind: 'item', word, within, grammar: items.each };
  }
  if (value !== undefined)
    return unfit(value, word, keys) ?? { kind: 'value', word, within, grammar: NOTHING };
  const expected = Object.keys(keys ?? {});
  return fault(0, `there is no key ${quote(word)} here`, expected, word);
}

/** What could follow a place, in words. */
export function expectedAt({ keys, names, items, value }: GrammarNode): string[] {
  const own = [names?.name, items?.name, value].flatMap((one) => {
    if (one === undefined) return [];
    return one.words.length > 0 ? one.words : [one.what];
  });
  return [...Object.keys(keys ?? {}), ...own];
}

function unfit(value: ValueGrammar, word: string, keys: object = {}): Fault | null {
  const { words, number, text, patterns, longest, what } = value;
  if (words.includes(word)) return null;
  if (number !== null && /^(0|[1-9][0-9]{0,14})$/.test(word)) {
    const { minimum, maximum } = number;
    const found = Number(word);
    if (found >= (minimum ?? 0) && found <= (maximum ?? Infinity)) return null;
    return fault(0, `${word} is not from ${minimum ?? 0} to ${maximum ?? 'any'}`, [what], word);
  }
  const fits = patterns.every((pattern) => new RegExp(pattern).test(word));
  if (text && fits && word.length <= (longest ?? Infinity)) return null;
  const expected = [...words, ...(words.length > 0 ? [] : [what]), ...Object.keys(keys)];
  return fault(0, `${quote(word)} is not ${what}`, expected, word);
}

export function fault(
  word: number,
  message: string,
  expected: readonly string[],
  wrote = '',
): Fault {
  const suggestion = nearest(wrote, expected);
  return { word, message, expected, suggestions: suggestion === null ? [] : [suggestion] };
}

const NOTHING: GrammarNode = {
  description: '',
  required: false,
  fallback: null,
  what: null,
  many: false,
};

/** The words that lead to what is written at an offset. */
export function wordsAt(root: Node, grammar: GrammarNode, offset: number): string[] {
  const words: string[] = [];
  let node: Node | undefined = root;
  let at: GrammarNode = grammar;
  while (node !== undefined) {
    if (node.kind === 'scalar') {
      words.push(node.value);
      break;
    }
    if (node.kind === 'map') {
      const entry: Entry | undefined = node.entries.find(
        ({ key, value }) => key.offset <= offset && offset < Math.max(key.end, value.end),
      );
      // Of an item its name stands for it.
      if (entry === undefined) break;
      words.push(entry.key.value);
      node = offset < entry.key.end ? undefined : entry.value;
      at = at.keys?.[entry.key.value] ?? at.names?.each ?? NOTHING;
    } else {
      const i: number = node.items.findIndex((one) => one.offset <= offset && offset < one.end);
      const item: Node | undefined = node.items[i];
      const { items }: GrammarNode = at;
      if (item !== undefined && items !== undefined) {
        words.push(namesOf(node.items, items.identity)[i] as string);
        at = items.each;
      }
      node = item;
    }
  }
  return words;
}
