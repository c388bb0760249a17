// SPDX-License-Identifier: BSD-3-Clause
import type { Span } from '../diagnostics/collect.js';

/** A node of a rule file. Offsets count over all texts of the load (diagnostics/source.ts). */
export type Node = ScalarNode | ListNode | MapNode;

/** Written, and left out of what comes into force. */
interface Marked extends Span {
  inactive?: true;
}

/** Text; its type is for the schema to say. A key without value is an empty unquoted scalar. */
export interface ScalarNode extends Marked {
  readonly kind: 'scalar';
  readonly value: string;
  readonly quoted: boolean;
}

export interface ListNode extends Marked {
  readonly kind: 'list';
  readonly items: Node[];
}

export interface Entry {
  readonly key: ScalarNode;
  readonly value: Node;
}

export interface MapNode extends Marked {
  readonly kind: 'map';
  readonly entries: Entry[];
}

/** The entry of a key, or undefined. */
export function entryOf(map: MapNode, key: string): Entry | undefined {
  return map.entries.find((entry) => entry.key.value === key);
}

/** Whether nothing is written here, as after `key:`. */
export function isAbsent(node: Node): boolean {
  return node.kind === 'scalar' && !node.quoted && /^(|~|null)$/.test(node.value);
}
