// SPDX-License-Identifier: BSD-3-Clause
import type { Words } from '../../rulefile/config.js';
import type { GrammarNode } from '../../rulefile/grammar.js';
import { REFERENCES, type Reference } from '../../rulefile/references.js';
import type { Node, ScalarNode } from '../../rulefile/tree.js';
import { grammar } from '../grammar.js';
import { scalar, withEntries, withItems } from './nodes.js';
import { childOf } from './view.js';

/** What refers to the name at a path, and how it changes. */
interface Renaming {
  readonly kind: Reference;
  /** From and to; a rule as assertions write it, POLICY/RULE. */
  readonly from: string;
  readonly to: string;
}

/** The tree in which all that named what is at a path names it by its new name. */
export function renamed(root: Node, path: Words, to: string): Node {
  const kind = kindAt(path);
  if (kind === null) return root;
  const owner = kind === 'rules' ? `${path[1] ?? ''}/` : '';
  const from = path.at(-1) ?? '';
  const renaming = { kind, from: owner + from, to: owner + to };
  return inNode(root, grammar().root, renaming);
}

/** What a path leads to the name of; null for nothing that is referred to. */
function kindAt(path: Words): Reference | null {
  const found = Object.entries(REFERENCES).find(([, { paths }]) =>
    paths.some((pattern) => {
      const words = pattern.split(' ');
      return words.length === path.length && words.every((w, i) => w === '*' || w === path[i]);
    }),
  );
  return (found?.[0] ?? null) as Reference | null;
}

/** Parts without the name are the same. */
function inNode(node: Node, at: GrammarNode, renaming: Renaming): Node {
  switch (node.kind) {
    case 'scalar':
      return at.value?.refers.includes(renaming.kind) === true && node.value === renaming.from
        ? named(node, renaming.to)
        : node;
    case 'list': {
      const each = at.items?.each ?? at;
      const items = node.items.map((one) => inNode(one, each, renaming));
      return items.every((one, i) => one === node.items[i]) ? node : withItems(node, items);
    }
    case 'map': {
      const entries = node.entries.map((entry) => {
        const { key, value } = entry;
        const below = childOf(at, key.value);
        const made =
          key.value === 'assert' && at === grammar().root
            ? inAssertions(value, renaming)
            : inNode(value, below, renaming);
        return made === value ? entry : { key, value: made };
      });
      return entries.every((one, i) => one === node.entries[i]) ? node : withEntries(node, entries);
    }
  }
}

/** Assertions are lines of text: the interface they begin with, the rule, and where a packet leaves. */
function inAssertions(node: Node, renaming: Renaming): Node {
  if (node.kind !== 'list') return node;
  const items = node.items.map((one) => {
    if (one.kind !== 'scalar') return one;
    const text = inAssertion(one.value, renaming);
    return text === one.value ? one : named(one, text);
  });
  return items.every((one, i) => one === node.items[i]) ? node : withItems(node, items);
}

function inAssertion(text: string, { kind, from, to }: Renaming): string {
  const words = text.split(' ');
  const arrow = words.indexOf('=>');
  return words
    .map((word, i) => {
      const out = i > arrow && arrow >= 0 && words[i - 1] === 'out';
      if (kind === 'interfaces') return word === from && (i === 0 || out) ? to : word;
      if (arrow < 0 || i !== arrow + 2) {
        if (kind !== 'backends' || words[i - 1] !== 'backend') return word;
        return word
          .split('|')
          .map((one) => (one === from ? to : one))
          .join('|');
      }
      if (kind === 'rules') return word === from ? to : word;
      if (kind !== 'policies' || !word.startsWith(`${from}/`)) return word;
      return to + word.slice(from.length);
    })
    .join(' ');
}

function named(node: ScalarNode, text: string): ScalarNode {
  return { ...scalar(text), ...(node.inactive === true ? { inactive: true } : {}) };
}
