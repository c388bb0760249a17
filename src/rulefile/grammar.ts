// SPDX-License-Identifier: BSD-3-Clause
import type { Reference, References } from './references.js';

/**
 * The language as data, for `set` and `delete`, completion and help. Words walk it: from a node to one
 * of its `keys`, to a name of `names` or an item of `items`, or to a value. A node may take more than
 * one of these (`source` takes values, or the keys of a set); words are looked up in this order: keys,
 * names, items, value.
 */
export interface GrammarNode {
  /** What it is for, in one or two sentences; empty where the schema says nothing. */
  readonly description: string;
  /** The map around it is not whole without it. */
  readonly required: boolean;
  /** The value where it is not written. */
  readonly fallback: string | null;
  /** How messages call such a value: `a zone name`. */
  readonly what: string | null;
  /** A map with these keys. */
  readonly keys?: Readonly<Record<string, GrammarNode>>;
  /** A map with free names. */
  readonly names?: NamedGrammar;
  /** A list of maps, in order; its items are told apart by their name. */
  readonly items?: ItemGrammar;
  /** One value. */
  readonly value?: ValueGrammar;
  /** Values add up: `set` adds one, `delete` takes one away. */
  readonly many: boolean;
}

export interface NamedGrammar {
  /** What a name may be. */
  readonly name: ValueGrammar;
  readonly each: GrammarNode;
}

export interface ItemGrammar {
  /**
   * The key whose value names an item in a path; null where items are named by their number from 1.
   * Where several items have one value, the second is VALUE#2.
   */
  readonly identity: string | null;
  readonly name: ValueGrammar;
  readonly each: GrammarNode;
}

export interface ValueGrammar {
  /** `an address with prefix length`. */
  readonly what: string;
  /** All it may be, where that is a choice: enums, `true` and `false`. */
  readonly words: readonly string[];
  /** It may be text, which fits all patterns. */
  readonly text: boolean;
  /** Regular expressions that text fits, as source text. */
  readonly patterns: readonly string[];
  /** It may be a whole number in these bounds. */
  readonly number: { readonly minimum: number | null; readonly maximum: number | null } | null;
  /** Longest text. */
  readonly longest: number | null;
  /** What it may name; see Grammar.references. */
  readonly refers: readonly Reference[];
}

/** Answer of `GET /grammar`. */
export interface Grammar {
  readonly root: GrammarNode;
  /** Where names stand that values refer to, `*` for each name; and names that are built in. */
  readonly references: References;
}
