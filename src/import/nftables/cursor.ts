// SPDX-License-Identifier: BSD-3-Clause
import type { Node } from './ruleset.js';
import { wordOf } from './values.js';

/** A place in the nodes of a rule. */
export class Cursor {
  readonly nodes: readonly Node[];
  at = 0;

  constructor(nodes: readonly Node[]) {
    this.nodes = nodes;
  }

  get done(): boolean {
    return this.at >= this.nodes.length;
  }

  /** The word there, unless it is a quoted one, which is no keyword. */
  keyword(): string {
    return this.quoted() ? '' : this.peek();
  }

  peek(): string {
    return wordOf(this.nodes[this.at]);
  }

  quoted(): boolean {
    const node = this.nodes[this.at];
    return node?.kind === 'word' && node.quoted;
  }

  next(): Node | undefined {
    return this.nodes[this.at++];
  }

  /** `& VALUE`, or null where there is none. */
  mask(): readonly Node[] | null {
    if (this.peek() !== '&' || this.quoted()) return null;
    this.at++;
    return this.value();
  }

  /** A value, or several with commas or bars between them. */
  value(): readonly Node[] {
    const values: Node[] = [];
    for (;;) {
      const node = this.next();
      if (node === undefined) return values;
      values.push(node);
      const word = this.quoted() ? '' : this.peek();
      if (word === '.') {
        values.push(this.next() as Node);
        continue;
      }
      if (word === '-') {
        // `1024 - 65535`
        this.at++;
        const end = this.next();
        values[values.length - 1] = {
          kind: 'word',
          quoted: false,
          text: `${wordOf(node)}-${wordOf(end)}`,
        };
      }
      if (this.peek() !== ',' && this.peek() !== '|') return values;
      this.at++;
    }
  }
}
