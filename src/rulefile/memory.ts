// SPDX-License-Identifier: BSD-3-Clause
import { ListMemory } from './lists.js';
import type { Node } from './tree.js';

/**
 * What loads of one configuration after another share: the values of nodes that are the same ones.
 * Nodes are never changed and their offsets are good in every load that has them, so are the values.
 */
export class Memory {
  /** The node each value was made from. */
  readonly nodes = new WeakMap<object, Node>();
  readonly #values = new WeakMap<object, WeakMap<Node, unknown>>();
  readonly #lists = new WeakMap<object, ListMemory<Node, readonly unknown[]>>();

  /** The values that a reader made, by node. */
  valuesOf(reader: object): WeakMap<Node, unknown> {
    let values = this.#values.get(reader);
    if (values === undefined) {
      values = new WeakMap();
      this.#values.set(reader, values);
    }
    return values;
  }

  /** The values that a reader made of lists. */
  listsOf(reader: object): ListMemory<Node, readonly unknown[]> {
    let lists = this.#lists.get(reader);
    if (lists === undefined) {
      lists = new ListMemory();
      this.#lists.set(reader, lists);
    }
    return lists;
  }
}
