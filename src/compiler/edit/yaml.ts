// SPDX-License-Identifier: BSD-3-Clause
import type { Config, Words } from '../../rulefile/config.js';
import type { GrammarNode } from '../../rulefile/grammar.js';
import type { ListNode, MapNode, Node, ScalarNode } from '../../rulefile/tree.js';
import { wordsText } from '../../rulefile/words.js';
import { hasMarks } from './nodes.js';
import { viewOf } from './view.js';

/** Text that YAML reads as it stands, in lists too; the language reads no types from it. */
const PLAIN = /^[A-Za-z0-9_./][A-Za-z0-9_./:@+=-]*(?: [A-Za-z0-9_./@+=>-][A-Za-z0-9_./:@+=>-]*)*$/;

/** Columns a list of values may take on one line. */
const WIDTH = 100;

/** A tree as canonical YAML, and the same tree with every node placed in that text, from `base` on. */
export interface Written {
  readonly text: string;
  readonly root: Node;
}

/** The canonical text of a tree: one form whatever it came from, descriptions and order kept. */
export function writeYaml(root: Node, grammar: GrammarNode, base = 0): Written {
  const writer = new Writer(base);
  const placed = writer.document(root, inactiveWords(root, grammar));
  return { text: writer.text, root: placed };
}

/** The sections of a document, the version first. */
export function sectionsOf(root: Node): MapNode['entries'] {
  const entries = root.kind === 'map' ? root.entries : [];
  const version = entries.find(({ key }) => key.value === 'version');
  const first = version ?? { key: plainNode('version'), value: plainNode('1') };
  return [first, ...entries.filter((one) => one !== version)];
}

/** What is inactive, as the key `inactive` names it. */
export function inactiveWords(root: Node, grammar: GrammarNode): string[] {
  const found: string[] = [];
  if (hasMarks(root)) collectMarks(viewOf(root, grammar), [], found);
  return found;
}

function collectMarks(config: Config, path: Words, found: string[]): void {
  if (config.kind === 'values') {
    for (const { text, inactive } of config.values)
      if (inactive === true) found.push(wordsText([...path, text]));
  } else if (config.kind === 'map') {
    for (const { word, value, inactive } of config.entries) {
      collectMarks(value, [...path, word], found);
      if (inactive === true) found.push(wordsText([...path, word]));
    }
  }
}

/** Writes parts of a document, each with its nodes placed. */
export class Writer {
  readonly #parts: string[] = [];
  #at: number;

  constructor(base: number) {
    this.#at = base;
  }

  get text(): string {
    return this.#parts.join('');
  }

  document(root: Node, inactive: readonly string[]): Node {
    const made = this.entries(sectionsOf(root), '');
    this.inactive(inactive);
    return { kind: 'map', entries: made, offset: 0, end: this.#at };
  }

  /** The key that names what is inactive, if anything is. */
  inactive(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.put('inactive:\n');
    for (const line of lines) this.put(`  - ${JSON.stringify(line)}\n`);
  }

  entries(entries: MapNode['entries'], indent: string): MapNode['entries'] {
    return entries.map((entry, i) => {
      if (i > 0) this.put(indent);
      const key = this.key(entry.key);
      return { key, value: this.#value(entry.value, indent) };
    });
  }

  key(node: ScalarNode): ScalarNode {
    const placed = this.#scalar(node);
    this.put(':');
    return placed;
  }

  /** What follows `key:`, to the end of its lines. */
  #value(node: Node, indent: string): Node {
    switch (node.kind) {
      case 'scalar': {
        this.put(' ');
        const placed = this.#scalar(node);
        this.put('\n');
        return placed;
      }
      case 'map': {
        if (node.entries.length === 0) return this.#empty(node, ' {}\n');
        const deeper = `${indent}  `;
        this.put(`\n${deeper}`);
        const offset = this.#at;
        const entries = this.entries(node.entries, deeper);
        return { ...node, entries, offset, end: this.#at - 1 };
      }
      case 'list':
        if (node.items.length === 0) return this.#empty(node, ' []\n');
        return node.items.every((one) => one.kind === 'scalar')
          ? this.#values(node, indent)
          : this.#items(node, `${indent}  `);
    }
  }

  #values(node: ListNode, indent: string): Node {
    const texts = node.items.map((one) => scalarText(one as ScalarNode));
    const line = texts.join(', ');
    if (line.length > WIDTH) return this.#items(node, `${indent}  `);
    this.put(' ');
    const offset = this.#at;
    this.put('[');
    const items = node.items.map((one, i) => {
      if (i > 0) this.put(', ');
      return this.#scalar(one as ScalarNode);
    });
    this.put(']\n');
    return { ...node, items, offset, end: this.#at - 1 };
  }

  #items(node: ListNode, indent: string): Node {
    this.put('\n');
    const offset = this.#at + indent.length;
    const items = node.items.map((one) => this.item(one, indent));
    return { ...node, items, offset, end: this.#at - 1 };
  }

  /** An item of a list in lines of its own. */
  item(one: Node, indent: string): Node {
    this.put(`${indent}- `);
    if (one.kind === 'map' && one.entries.length > 0) {
      const start = this.#at;
      const entries = this.entries(one.entries, `${indent}  `);
      return { ...one, entries, offset: start, end: this.#at - 1 };
    }
    if (one.kind !== 'scalar') return this.#empty(one, one.kind === 'map' ? '{}\n' : '[]\n');
    const placed = this.#scalar(one);
    this.put('\n');
    return placed;
  }

  #empty(node: MapNode | ListNode, text: string): Node {
    const offset = this.#at + (text.startsWith(' ') ? 1 : 0);
    this.put(text);
    return { ...node, offset, end: this.#at - 1 };
  }

  #scalar(node: ScalarNode): ScalarNode {
    const text = scalarText(node);
    const offset = this.#at;
    this.put(text);
    return { ...node, offset, end: this.#at };
  }

  put(text: string): void {
    this.#parts.push(text);
    this.#at += text.length;
  }
}

function plainNode(value: string): ScalarNode {
  return { kind: 'scalar', value, quoted: false, offset: 0, end: 0 };
}

/** Numbers and truth values stay plain: quotes would make text of them. */
function scalarText({ value, quoted }: ScalarNode): string {
  if (!quoted && PLAIN.test(value) && !value.endsWith(':')) return value;
  if (quoted && PLAIN.test(value) && !/^[-+.0-9]|^(true|false|null)$|:$/.test(value)) return value;
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
