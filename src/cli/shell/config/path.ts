// SPDX-License-Identifier: BSD-3-Clause
import type { GrammarNode, ValueGrammar, Words } from '../../../daemon/api/candidates.js';
import type { Choice, Form, Given, Name, Run, Step } from '../grammar.js';
import type { Session } from '../session.js';
import { fitsValue } from './value.js';

/** `write`: a path that is written; `there`: one that is there; `item`: of something with a name. */
export type Purpose = 'write' | 'there' | 'item';

export interface PathOptions {
  readonly purpose: Purpose;
  readonly run: Run;
  readonly forms?: readonly Form[];
  /** What follows the path; it then has to. */
  readonly then?: readonly Choice[];
  /** Whether the path may be left out. */
  readonly empty?: boolean;
  /** Words that lead to where it begins. */
  readonly level: Words;
  /** Names that stand at a path. */
  readonly names: (session: Session, path: Words) => Promise<readonly string[]>;
  /** Names that a value may refer to. */
  readonly refers: (session: Session, value: ValueGrammar) => Promise<readonly string[]>;
}

/** A map of the language and the words that lead to it. */
interface Around {
  readonly node: GrammarNode;
  readonly words: Words;
  readonly identity: string | null;
}

/** Where a path has come to. */
interface Place {
  /** null behind a value. */
  readonly node: GrammarNode | null;
  readonly words: Words;
  /** The map whose key is being written. */
  readonly around: Around | null;
  /** Whether what is written may end here. */
  readonly whole: boolean;
  /** Of an item: the key that is its name, which stands in the path already. */
  readonly identity?: string | null;
}

/** The grammar of paths below a node. */
export function pathStep(node: GrammarNode, options: PathOptions): Step {
  const { level, empty = false } = options;
  return stepAt({ node, words: level, around: null, whole: empty }, options);
}

function stepAt(
  { node, words, around, whole, identity = null }: Place,
  options: PathOptions,
): Step {
  const { purpose, run, forms = [], then = [], level, empty = false } = options;
  const begins = node !== null && words.length === level.length;
  const ends = begins ? empty : purpose === 'there' || whole;
  const choices: Choice[] = ends ? [...then] : [];
  if (node !== null) choices.push(...below({ node, words, identity }, around, options));
  // `… source lan action allow`: a value may be followed by another key of the same map.
  else if (around !== null && purpose === 'write') choices.push(...keyChoices(around, options));
  return ends && then.length === 0 ? { choices, run, forms } : { choices };
}

function below(here: Around, around: Around | null, options: PathOptions): Choice[] {
  const { node, words } = here;
  const choices = keyChoices(here, options);
  const named = node.names ?? node.items;
  if (named !== undefined) {
    choices.push({
      value: 'NAME',
      help: named.name.what,
      key: 'path',
      names: async (session) => (await options.names(session, words)).map(nameOnly),
      ...(options.purpose === 'write' ? { fits: (text) => fitsValue(named.name, text) } : {}),
      next: (given) => {
        const own = [...words, lastWord(given)];
        const identity = node.items?.identity ?? null;
        const each = { node: named.each, words: own, around: null, whole: true, identity };
        return stepAt(each, options);
      },
    });
  }
  if (node.value !== undefined && options.purpose !== 'item')
    choices.push(...valueChoices(node, node.value, here, around, options));
  return choices;
}

function keyChoices(here: Around, options: PathOptions): Choice[] {
  return Object.entries(here.node.keys ?? {})
    .filter(([, node]) => options.purpose !== 'item' || leadsToNames(node))
    .map(([word, node]) => {
      const place = { node, words: [...here.words, word], around: here, whole: false };
      const hidden = word === here.identity;
      return { word, help: summary(node), key: 'path', hidden, next: () => stepAt(place, options) };
    });
}

function valueChoices(
  node: GrammarNode,
  value: ValueGrammar,
  { words }: Around,
  around: Around | null,
  options: PathOptions,
): Choice[] {
  const written = options.purpose === 'write';
  const after = (): Step =>
    stepAt({ node: null, words: around?.words ?? words, around, whole: true }, options);
  const single = values(node, value, words, options, after);
  if (!node.many || !written) return single;
  // `[ a b ]`: several at once.
  const close: Choice = { word: ']', help: 'the end of the list', key: 'path', next: after };
  const inside = (): Step => ({
    choices: [...values(node, value, words, options, inside), close],
  });
  return [...single, { word: '[', help: 'a list of values', key: 'path', next: inside }];
}

function values(
  node: GrammarNode,
  value: ValueGrammar,
  words: Words,
  options: PathOptions,
  next: () => Step,
): Choice[] {
  const written = options.purpose === 'write';
  const choices: Choice[] = value.words.map((word) => ({
    word,
    help: word === node.fallback ? 'unless given' : '',
    key: 'path',
    next,
  }));
  if (written && !value.text && value.number === null) return choices;
  const names = async (session: Session): Promise<readonly Name[]> =>
    (written ? await options.refers(session, value) : await options.names(session, words)).map(
      nameOnly,
    );
  return [
    ...choices,
    {
      value: 'VALUE',
      help: node.what ?? value.what,
      key: 'path',
      names,
      ...(written ? { fits: (text: string) => fitsValue(value, text) } : {}),
      next,
    },
  ];
}

function leadsToNames({ names, items, keys = {} }: GrammarNode): boolean {
  return names !== undefined || items !== undefined || Object.values(keys).some(leadsToNames);
}

/** Help in a line: the first sentence. */
function summary({ description, required, what }: GrammarNode): string {
  const [first = ''] = description.split(/(?<=[.;:])\s/);
  const text = first === '' ? (what ?? '') : first.replace(/[.;:]$/, '');
  return required ? `${text} (needed)` : text;
}

function nameOnly(name: string): Name {
  return { name };
}

function lastWord(given: Given): string {
  return given.get('path')?.at(-1) ?? '';
}

/** The node that words lead to; null where there is none. */
export function nodeAt(root: GrammarNode, words: Words): GrammarNode | null {
  let node: GrammarNode | undefined = root;
  for (const word of words) node = node?.keys?.[word] ?? (node?.names ?? node?.items)?.each;
  return node ?? null;
}
