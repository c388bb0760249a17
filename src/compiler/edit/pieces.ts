// SPDX-License-Identifier: BSD-3-Clause
import { lineStarts, type Piece } from '../../diagnostics/source.js';
import type { GrammarNode } from '../../rulefile/grammar.js';
import { ListMemory } from '../../rulefile/lists.js';
import type { Entry, ListNode, MapNode, Node } from '../../rulefile/tree.js';
import { shareView } from './view.js';
import { inactiveWords, sectionsOf, Writer } from './yaml.js';

/** A canonical text in pieces, and its tree with every node placed in them. */
export interface Pieced {
  readonly text: string;
  readonly pieces: readonly Piece[];
  readonly root: MapNode;
}

interface Kept<N> {
  readonly placed: N;
  readonly pieces: readonly Piece[];
}

/**
 * Writes trees as canonical YAML, one after the other: sections, policies and rules that are the nodes
 * they were have the pieces they had, and the placed nodes. What was placed stands for itself from then
 * on, so a tree that an edit made of a placed one costs what the edit changed.
 */
export class PieceWriter {
  readonly #sections = new WeakMap<Node, Kept<Entry>>();
  readonly #items = new WeakMap<Node, Kept<Node>>();
  /** Of lists whose items have a piece each. */
  readonly #lists = new ListMemory<Node, Kept<readonly Node[]>>();
  #next = 0;

  write(root: Node, grammar: GrammarNode): Pieced {
    const sections = sectionsOf(root).map((section) => this.#section(section));
    const entries = sections.map(({ placed }) => placed);
    const pieces = ([] as Piece[]).concat(...sections.map((one) => one.pieces));
    const inactive = inactiveWords(root, grammar);
    if (inactive.length > 0) pieces.push(this.#piece((writer) => writer.inactive(inactive)).piece);
    const [first, last] = [pieces[0], pieces.at(-1)];
    const end = last === undefined ? 0 : last.base + last.text.length;
    const placed: MapNode = { kind: 'map', entries, offset: first?.base ?? 0, end };
    return { text: pieces.map(({ text }) => text).join(''), pieces, root: placed };
  }

  #section(section: Entry): Kept<Entry> {
    const { key, value } = section;
    const known = this.#sections.get(value);
    if (known !== undefined && known.placed.key.value === key.value) return known;
    const made =
      key.value === 'policies' && isListOfMaps(value)
        ? this.#list(section, value, '', (one) => this.#policy(one))
        : this.#whole(section);
    shareView(value, made.placed.value);
    this.#sections.set(value, made);
    this.#sections.set(made.placed.value, made);
    return made;
  }

  #policy(policy: MapNode): Kept<Node> {
    const known = this.#items.get(policy);
    if (known !== undefined) return known;
    const at = policy.entries.findIndex(
      ({ key, value }) => key.value === 'rules' && isListOfMaps(value),
    );
    const rules = policy.entries[at];
    // Where rules come first, their key stands in the line of the policy.
    if (rules === undefined || at === 0) return this.#item(policy, '  ');
    const before = { ...policy, entries: policy.entries.slice(0, at) };
    const { piece: head, value: opened } = this.#piece(
      (writer) => writer.item(before, '  ') as MapNode,
    );
    const list = this.#list(rules, rules.value as ListNode, '    ', (one) =>
      this.#item(one, '      '),
    );
    const rest = policy.entries.slice(at + 1);
    const tail = rest.map((one) => this.#indented(one, '    '));
    const entries = [...opened.entries, list.placed, ...tail.map(({ placed }) => placed)];
    const pieces = [head, ...list.pieces, ...tail.flatMap((one) => one.pieces)];
    return this.#keep(policy, { placed: { ...opened, entries }, pieces });
  }

  /** A list with its key, whose items keep their pieces. */
  #list(
    { key }: Entry,
    value: ListNode,
    indent: string,
    item: (one: MapNode) => Kept<Node>,
  ): Kept<Entry> {
    const written = this.#piece((writer) => {
      writer.put(indent);
      const placed = writer.key(key);
      writer.put('\n');
      return placed;
    });
    const before = this.#lists.find(value.items);
    const { from = 0, rest = 0, count = 0 } = before ?? {};
    const items = before?.made.placed.slice(0, from) ?? [];
    let pieces = before?.made.pieces.slice(0, from) ?? [];
    for (let i = from; i < value.items.length - rest; i++) {
      const kept = item(value.items[i] as MapNode);
      items.push(kept.placed);
      for (const piece of kept.pieces) pieces.push(piece);
    }
    if (before !== null) {
      for (let i = count - rest; i < count; i++) items.push(before.made.placed[i] as Node);
      pieces = pieces.concat(before.made.pieces.slice(count - rest));
    }
    if (pieces.length === items.length) this.#lists.keep(items, { placed: items, pieces });
    pieces = [written.piece].concat(pieces);
    const start = written.piece.base + written.piece.text.length;
    const placed = { ...value, items, offset: items[0]?.offset ?? start, end: start };
    shareView(value, placed);
    return { placed: { key: written.value, value: placed }, pieces };
  }

  #item(item: Node, indent: string): Kept<Node> {
    const known = this.#items.get(item);
    if (known !== undefined) return known;
    const { piece, value } = this.#piece((writer) => writer.item(item, indent));
    return this.#keep(item, { placed: value, pieces: [piece] });
  }

  #keep(item: Node, kept: Kept<Node>): Kept<Node> {
    shareView(item, kept.placed);
    this.#items.set(item, kept);
    this.#items.set(kept.placed, kept);
    return kept;
  }

  #indented(entry: Entry, indent: string): Kept<Entry> {
    const { piece, value } = this.#piece((writer) => {
      writer.put(indent);
      return writer.entries([entry], indent)[0] as Entry;
    });
    return { placed: value, pieces: [piece] };
  }

  #whole(entry: Entry): Kept<Entry> {
    return this.#indented(entry, '');
  }

  #piece<T>(write: (writer: Writer) => T): { readonly piece: Piece; readonly value: T } {
    const base = this.#next;
    const writer = new Writer(base);
    const value = write(writer);
    const { text } = writer;
    this.#next = base + text.length + 1;
    return { piece: { text, base, starts: lineStarts(text) }, value };
  }
}

function isListOfMaps(node: Node): node is ListNode {
  return (
    node.kind === 'list' &&
    node.items.length > 0 &&
    node.items.every((one) => one.kind === 'map' && one.entries.length > 0)
  );
}
