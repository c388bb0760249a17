// SPDX-License-Identifier: BSD-3-Clause
import type { Problem } from '../imported.js';

/** A value of an expression: a word, a string, `@name`, or a set of values with what they lead to. */
export type Node =
  | { readonly kind: 'word'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'set'; readonly elements: readonly Element[] }
  | { readonly kind: 'group'; readonly nodes: readonly Node[] };

/** `KEY [. KEY…] [options] [: VALUE…]` of a set or map. */
export interface Element {
  readonly key: readonly Node[];
  readonly value: readonly Node[] | null;
}

export interface Statement {
  readonly line: number;
  readonly place: string | null;
  readonly nodes: readonly Node[];
  readonly text: string;
}

export interface Chain {
  readonly name: string;
  readonly line: number;
  /** `filter`, `nat`, `route`; null for one that is only jumped to. */
  type: string | null;
  hook: string;
  priority: number;
  policy: 'accept' | 'drop';
  readonly rules: Statement[];
}

/** A named set or map. */
export interface Collection {
  readonly name: string;
  readonly line: number;
  type: string;
  readonly elements: Element[];
}

export interface Table {
  readonly family: string;
  readonly name: string;
  readonly line: number;
  readonly chains: Map<string, Chain>;
  readonly sets: Map<string, Collection>;
  /** Named limits: what stands behind `rate`. */
  readonly limits: Map<string, readonly Node[]>;
}

export interface Ruleset {
  readonly tables: Table[];
  readonly problems: Problem[];
  /** Whether anything is defined, as files that others include do. */
  readonly defines: boolean;
}

/** Where the file comes from, and how others are read. */
export interface Source {
  readonly file?: string | undefined;
  /** The text of a file, or null where there is none such. */
  readonly read?: ((path: string) => string | null) | undefined;
  /** The files that a pattern with `*`, `?` or `[` in its last part names, in order. */
  readonly list?: ((pattern: string) => readonly string[]) | undefined;
}
