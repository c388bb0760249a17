// SPDX-License-Identifier: BSD-3-Clause
import type { Config, ConfigEntry, Words } from '../../rulefile/config.js';
import type { GrammarNode } from '../../rulefile/grammar.js';
import { isAbsent, type ListNode, type Node } from '../../rulefile/tree.js';
import { wordsText } from '../../rulefile/words.js';
import { nameOf, namesOf, takeOrigin } from './nodes.js';

const views = new WeakMap<Node, Config>();

const EMPTY: Config = { kind: 'map', entries: [], ordered: false };

/** A tree as people see it. Parts that trees share have one view. */
export function viewOf(node: Node, grammar: GrammarNode): Config {
  let view = views.get(node);
  if (view === undefined) {
    view = made(node, grammar);
    views.set(node, view);
  }
  return view;
}

function made(node: Node, grammar: GrammarNode): Config {
  if (isAbsent(node)) return EMPTY;
  if (node.kind === 'scalar')
    return grammar.many
      ? { kind: 'values', values: [{ text: node.value }] }
      : { kind: 'value', value: node.value };
  if (node.kind === 'map')
    return {
      kind: 'map',
      ordered: false,
      entries: node.entries.map(({ key, value }) =>
        entry(key.value, value, childOf(grammar, key.value)),
      ),
    };
  const { items } = grammar;
  if (items === undefined)
    return {
      kind: 'values',
      values: node.items.map((one) => ({
        text: one.kind === 'scalar' ? one.value : '',
        ...(one.inactive === true ? { inactive: true } : {}),
      })),
    };
  const entries = edited(node, items) ?? entriesOf(node.items, items);
  return { kind: 'map', entries, ordered: true };
}

type Items = NonNullable<GrammarNode['items']>;

function entriesOf(list: readonly Node[], items: Items): ConfigEntry[] {
  const names = namesOf(list, items.identity);
  return list.map((item, i) => itemEntry(item, names[i] as string, items));
}

/** The entries of the list it was edited from, where items were only changed in their places. */
function edited(node: ListNode, items: Items): ConfigEntry[] | null {
  const origin = takeOrigin(node);
  const before = origin === undefined ? undefined : views.get(origin);
  if (origin?.items.length !== node.items.length || before?.kind !== 'map') return null;
  const entries = [...before.entries];
  for (const [i, item] of node.items.entries()) {
    const old = origin.items[i] as Node;
    if (item === old) continue;
    if (nameOf(item, items.identity, i) !== nameOf(old, items.identity, i)) return null;
    entries[i] = itemEntry(item, (entries[i] as ConfigEntry).word, items);
  }
  return entries;
}

function itemEntry(item: Node, word: string, items: Items): ConfigEntry {
  const known = itemEntries.get(item);
  if (known?.word === word) return known;
  const whole =
    item.kind === 'map' && items.identity !== null ? itemBody(item, items.identity) : item;
  const made = { ...entry(word, whole, items.each), ...mark(item) };
  itemEntries.set(item, made);
  return made;
}

/** A node that says what another does is seen as that one. */
export function shareView(of: Node, by: Node): void {
  const view = views.get(of);
  if (view !== undefined) views.set(by, view);
  const known = itemEntries.get(of);
  if (known !== undefined) itemEntries.set(by, known);
}

/** The entry an item was last seen as. */
const itemEntries = new WeakMap<Node, ConfigEntry>();

const bodies = new WeakMap<Node, Node>();

/** An item without the key that names it; one for each item. */
function itemBody(item: Extract<Node, { kind: 'map' }>, identity: string): Node {
  let body = bodies.get(item);
  if (body === undefined) {
    body = { ...item, entries: item.entries.filter(({ key }) => key.value !== identity) };
    bodies.set(item, body);
  }
  return body;
}

function entry(word: string, node: Node, grammar: GrammarNode): ConfigEntry {
  return { word, value: viewOf(node, grammar), ...mark(node) };
}

function mark(node: Node): { inactive?: true } {
  return node.inactive === true ? { inactive: true } : {};
}

const UNKNOWN: GrammarNode = {
  description: '',
  required: false,
  fallback: null,
  what: null,
  many: false,
};

/** The grammar of a key or name of a map. */
export function childOf({ keys, names }: GrammarNode, word: string): GrammarNode {
  if (keys !== undefined && Object.hasOwn(keys, word)) return keys[word] as GrammarNode;
  return names?.each ?? UNKNOWN;
}

/** The grammar below a word of a view. */
export function grammarBelow(grammar: GrammarNode, word: string): GrammarNode {
  return grammar.items?.each ?? childOf(grammar, word);
}

/** `set …` and `deactivate …` that make a view from nothing. */
export function setLines(config: Config, path: Words): string[] {
  const sets: string[] = [];
  const marks: string[] = [];
  collect(config, path, sets, marks);
  return [...sets, ...marks];
}

function collect(config: Config, path: Words, sets: string[], marks: string[]): void {
  switch (config.kind) {
    case 'value':
      sets.push(`set ${wordsText([...path, config.value])}`);
      break;
    case 'values':
      for (const { text, inactive } of config.values) {
        sets.push(`set ${wordsText([...path, text])}`);
        if (inactive) marks.push(`deactivate ${wordsText([...path, text])}`);
      }
      break;
    case 'map':
      if (config.entries.length === 0 && path.length > 0) sets.push(`set ${wordsText(path)}`);
      for (const { word, value, inactive } of config.entries) {
        collect(value, [...path, word], sets, marks);
        if (inactive) marks.push(`deactivate ${wordsText([...path, word])}`);
      }
      break;
  }
}

/** A view in braces. */
export function textLines(config: Config, depth = 0): string[] {
  if (config.kind !== 'map') return [`${'    '.repeat(depth)}${leafText(config)};`];
  return config.entries.flatMap((one) => entryLines(one, depth));
}

export function entryLines({ word, value, inactive }: ConfigEntry, depth: number): string[] {
  const head = `${'    '.repeat(depth)}${inactive ? 'inactive: ' : ''}${wordsText([word])}`;
  if (value.kind !== 'map') return [`${head} ${leafText(value)};`];
  if (value.entries.length === 0) return [`${head};`];
  return [`${head} {`, ...textLines(value, depth + 1), `${'    '.repeat(depth)}}`];
}

function leafText(config: Exclude<Config, { kind: 'map' }>): string {
  if (config.kind === 'value') return wordsText([config.value]);
  const texts = config.values.map(
    ({ text, inactive }) => `${inactive ? 'inactive: ' : ''}${wordsText([text])}`,
  );
  return texts.length === 1 ? texts.join('') : `[ ${texts.join(' ')} ]`;
}
