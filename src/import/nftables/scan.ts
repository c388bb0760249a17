// SPDX-License-Identifier: BSD-3-Clause
import { isAll } from '../shared/addresses.js';
import type { Range } from '../shared/ranges.js';
import type { Element, Node, Ruleset, Statement } from './ruleset.js';
import { selectorAt } from './selectors.js';
import { keyWords, numbersOf, wordOf } from './values.js';

/** Names and patterns of interfaces, and how much speaks for one as the way out. */
export function namesIn(ruleset: Ruleset): { patterns: Set<string>; hints: Map<string, number> } {
  const patterns = new Set<string>();
  const hints = new Map<string, number>();
  const add = (word: string): void => {
    if (word === '' || word === '*' || word.startsWith('@') || word.startsWith('$')) return;
    patterns.add(word.endsWith('*') ? `${word.slice(0, -1)}+` : word);
  };
  for (const { type, statement, table } of statements(ruleset)) {
    const { nodes } = statement;
    const outward = type === 'nat' ? nodes.map(wordOf) : [];
    for (let at = 0; at < nodes.length; at++) {
      const selected = selectorAt(nodes, at);
      if (selected === null) continue;
      if (selected.selector.kind !== 'fields') {
        at += selected.length - 1;
        continue;
      }
      const { fields } = selected.selector;
      if (!fields.some((field) => field === 'in' || field === 'out')) continue;
      let value = at + selected.length;
      while (['==', '!=', 'vmap', 'in'].includes(wordOf(nodes[value]))) value++;
      for (const element of elementsOf(nodes, value, table.sets)) {
        const words = keyWords(element);
        for (const [i, field] of fields.entries()) {
          const word = words[i] ?? '';
          if (field !== 'in' && field !== 'out') continue;
          add(word);
          const out =
            field === 'out' && (outward.includes('masquerade') || outward.includes('snat'));
          const into = field === 'in' && outward.includes('dnat');
          if ((out || into) && wordOf(nodes[value - 1]) !== '!=')
            hints.set(word, (hints.get(word) ?? 0) + 1);
        }
      }
      at = value;
    }
  }
  return { patterns, hints };
}

/** Addresses that rules and sets speak of, all there are aside. */
export function* addressesIn({ tables }: Ruleset, family: 4 | 6): Generator<Range> {
  for (const { chains, sets } of tables) {
    for (const { elements } of sets.values()) yield* inElements(elements, family);
    for (const { rules } of chains.values())
      for (const { nodes } of rules) yield* inNodes(nodes, family);
  }
}

/** Whether anything sets marks of packets or connections. */
export function marksIn(ruleset: Ruleset): boolean {
  return statements(ruleset).some(({ statement }) => {
    const words = statement.nodes.map(wordOf);
    return words.some((word, i) => word === 'mark' && words[i + 1] === 'set');
  });
}

/** Whether destinations are translated anywhere. */
export function translatesIn(ruleset: Ruleset): boolean {
  return statements(ruleset).some(({ statement }) =>
    statement.nodes.some(
      (node) => ['dnat', 'redirect'].includes(wordOf(node)) && node.kind === 'word',
    ),
  );
}

function statements({ tables }: Ruleset) {
  return tables.flatMap((table) =>
    [...table.chains.values()].flatMap(({ type, rules }) =>
      rules.map((statement: Statement) => ({ table, type, statement })),
    ),
  );
}

function elementsOf(
  nodes: readonly Node[],
  at: number,
  sets: ReadonlyMap<string, { readonly elements: readonly Element[] }>,
): readonly Element[] {
  const node = nodes[at];
  if (node?.kind === 'set') return node.elements;
  const word = wordOf(node);
  if (word.startsWith('@')) return sets.get(word.slice(1))?.elements ?? [];
  // One value, or a concatenation of some.
  let end = at + 1;
  while (wordOf(nodes[end]) === '.') end += 2;
  return node === undefined ? [] : [{ key: nodes.slice(at, end), value: null }];
}

function* inElements(elements: readonly Element[], family: 4 | 6): Generator<Range> {
  for (const { key, value } of elements) {
    yield* inNodes(key, family);
    if (value !== null) yield* inNodes(value, family);
  }
}

function* inNodes(nodes: readonly Node[], family: 4 | 6): Generator<Range> {
  for (const node of nodes) {
    if (node.kind === 'set') yield* inElements(node.elements, family);
    else if (node.kind === 'group') yield* inNodes(node.nodes, family);
    else if (/[.:]/.test(node.text) && !node.quoted) {
      const ranges = numbersOf(node.text, 'src', family);
      if (ranges !== null && !isAll(ranges, family)) yield* ranges;
    }
  }
}
