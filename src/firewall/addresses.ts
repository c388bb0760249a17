// SPDX-License-Identifier: BSD-3-Clause
import { parseMember } from '../net/address.js';
import { subtract, union } from '../net/algebra.js';
import { AddressSetBuilder } from '../net/builder.js';
import type { AddressSet } from '../net/sets.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { quote } from '../diagnostics/text.js';
import type { Context } from '../rulefile/context.js';
import { itemsOf } from '../rulefile/schema.js';
import { BOGONS, bogons } from './bogons.js';
import { MOST_GROUP_DEPTH, MOST_RANGES } from './limits.js';
import { parseList, reportHostBits, type List, type Report } from './lists.js';
import type { Recipe } from './recipes.js';
import type { AddressesConfig } from './schema.js';

type Members = string | readonly string[];
type Groups = ReadonlyMap<string, AddressesConfig>;

/** Text that was meant as an address, whether it is one or not. */
const LOOKS_LIKE_ADDRESS = /[:/]|^[0-9][0-9a-fx.]*(\s*-\s*[0-9].*)?$/i;

/**
 * Turns addresses as written into sets. The same text gives the same object: a group that a thousand
 * rules name is one set. undefined means that something was wrong, and is reported.
 */
export class AddressSets {
  readonly #groups: Groups;
  readonly #context: Context;
  readonly #report: Report;
  readonly #byGroup = new Map<string, AddressSet | undefined>();
  readonly #byText = new Map<string, AddressSet>();
  readonly #byFile = new Map<string, List | undefined>();
  readonly #recipes = new Map<AddressSet, Recipe>();
  readonly #again = new Set<AddressSet>();
  readonly #open: string[] = [];
  #ranges = 0;

  constructor(groups: Groups | undefined, context: Context) {
    this.#groups = groups ?? new Map<string, AddressesConfig>();
    this.#context = context;
    this.#report = (...what) => context.report(...what);
  }

  /** What the sets that draw on files are made of. */
  get recipes(): ReadonlyMap<AddressSet, Recipe> {
    return this.#recipes;
  }

  /** The lists that were read, by path. */
  get lists(): ReadonlyMap<string, List> {
    const lists = new Map<string, List>();
    for (const [path, list] of this.#byFile) if (list !== undefined) lists.set(path, list);
    return lists;
  }

  /** The set of a value that `owner` has under `key`. */
  resolve(value: AddressesConfig, owner: object, key: string): AddressSet | undefined {
    const text = textOf(value);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const set = this.#fresh(value, owner, key);
    if (set !== undefined) this.#byText.set(text, set);
    return set;
  }

  /**
   * Counts sets of an earlier load all at once, if they fit even where none is the same as another;
   * else each is to be counted by `again`.
   */
  fit(ranges: number): boolean {
    if (this.#ranges + ranges > MOST_RANGES) return false;
    this.#ranges += ranges;
    return true;
  }

  /** Counts a set that was made by an earlier load, as `resolve` would. */
  again(set: AddressSet | null, owner: object, key: string): void {
    if (set === null || this.#again.has(set)) return;
    this.#again.add(set);
    this.#count(set, owner, key);
  }

  /** The set of a group that exists. */
  group(name: string): AddressSet | undefined {
    if (this.#byGroup.has(name)) return this.#byGroup.get(name);
    this.#open.push(name);
    const value = this.#groups.get(name);
    const set = value === undefined ? bogons() : this.#fresh(value, this.#groups, name);
    this.#open.pop();
    this.#byGroup.set(name, set);
    return set;
  }

  #fresh(value: AddressesConfig, owner: object, key: string): AddressSet | undefined {
    if (typeof value === 'string' || isList(value)) return this.#union(value, owner, key);
    const { include, 'from-file': files, except, forward, balancer } = value;
    if (forward !== undefined || balancer !== undefined) {
      const key = forward === undefined ? 'balancer' : 'forward';
      const message = `'${key}' stands alone, as the destination of a rule`;
      this.#context.report('rule-form', this.#context.at(value, key), message);
      return undefined;
    }
    if (include === undefined && files === undefined) {
      this.#formless(value);
      return undefined;
    }
    const included =
      include === undefined || this.#isEmpty(include)
        ? null
        : this.#union(include, value, 'include');
    const listed = files === undefined ? [] : this.#files(files, value);
    const removed = except === undefined ? null : this.#union(except, value, 'except');
    if (included === undefined || listed === undefined || removed === undefined) return undefined;
    const parts = included === null ? listed : [included, ...listed];
    const from = this.#unite(parts, value, 'from-file');
    if (from === undefined || removed === null) return from;
    const set = this.#count(subtract(from, removed), owner, key);
    if (set !== undefined && (this.#recipes.has(from) || this.#recipes.has(removed)))
      this.#recipes.set(set, { from, except: removed });
    return set;
  }

  /** A set of addresses in neither of its forms. */
  #formless(value: object): void {
    const message = "a set of addresses needs the key 'include' or 'from-file'";
    this.#context.report('missing-key', this.#context.at(value), message);
  }

  #isEmpty(value: Members): boolean {
    return typeof value !== 'string' && value.length === 0;
  }

  /** The sets of files, undefined where one of them has a fault. */
  #files(paths: Members, owner: object): AddressSet[] | undefined {
    const sets: AddressSet[] = [];
    const all = new Set([paths].flat());
    for (const path of all) {
      const set = this.#file(path, owner);
      if (set !== undefined) sets.push(set);
    }
    return sets.length === all.size ? sets : undefined;
  }

  #file(path: string, owner: object): AddressSet | undefined {
    if (!this.#byFile.has(path)) {
      const source = this.#context.text(path);
      let list = source === undefined ? undefined : parseList(source, this.#report);
      if (list !== undefined && !this.#count(list.set, owner, 'from-file')) list = undefined;
      this.#byFile.set(path, list);
      if (list !== undefined) this.#recipes.set(list.set, { file: path });
    }
    return this.#byFile.get(path)?.set;
  }

  /** Sets as one. */
  #unite(sets: readonly AddressSet[], owner: object, key: string): AddressSet | undefined {
    const [only] = sets;
    if (sets.length === 1 && only !== undefined) return only;
    const set = this.#count(union(...sets), owner, key);
    if (set !== undefined && sets.some((one) => this.#recipes.has(one)))
      this.#recipes.set(set, { union: sets });
    return set;
  }

  #union(value: Members, owner: object, key: string): AddressSet | undefined {
    const items = itemsOf(owner, key, value);
    const [only] = items;
    // A set of one group is that group's set.
    if (items.length === 1 && only !== undefined && this.#isGroup(only.text)) {
      return this.#member(only.text, only.owner, only.key);
    }
    const builder = new AddressSetBuilder();
    const listed: AddressSet[] = [];
    let whole = true;
    for (const item of items) {
      if (this.#isGroup(item.text)) {
        const set = this.#member(item.text, item.owner, item.key);
        if (set === undefined) whole = false;
        else if (this.#recipes.has(set)) listed.push(set);
        else builder.addSet(set);
      } else if (!this.#literal(item.text, builder, item.owner, item.key)) whole = false;
    }
    if (!whole) return undefined;
    const fixed = this.#count(builder.build(), owner, key);
    return fixed === undefined || listed.length === 0
      ? fixed
      : this.#unite([fixed, ...listed], owner, key);
  }

  #isGroup(name: string): boolean {
    return this.#groups.has(name) || name === BOGONS;
  }

  #member(name: string, owner: object, key: string | number): AddressSet | undefined {
    const from = this.#open.indexOf(name);
    if (from >= 0) {
      const way = [...this.#open.slice(from), name].join(' -> ');
      this.#context.report(
        'group-cycle',
        this.#context.at(owner, key),
        `the group contains itself: ${way}`,
      );
      return undefined;
    }
    if (this.#open.length > MOST_GROUP_DEPTH) {
      const message = `groups are nested more than ${MOST_GROUP_DEPTH} deep`;
      this.#context.report('too-deep', this.#context.at(owner, key), message);
      return undefined;
    }
    return this.group(name);
  }

  #literal(text: string, builder: AddressSetBuilder, owner: object, key: string | number): boolean {
    const range = parseMember(text);
    if (typeof range !== 'string') {
      builder.addRange(range);
      if (text.includes('/'))
        reportHostBits(text, () => this.#context.at(owner, key), this.#report);
      return true;
    }
    // A group whose value was refused is not unknown.
    if (this.#context.wrote(this.#groups, text)) return false;
    const span = this.#context.at(owner, key);
    if (LOOKS_LIKE_ADDRESS.test(text)) {
      this.#context.report('address-invalid', span, `${quote(text)} is not an address: ${range}`);
    } else {
      this.#context.report('unknown-group', span, `there is no address group ${quote(text)}`, {
        hint: () => didYouMean(text, [...this.#groups.keys(), BOGONS]),
      });
    }
    return false;
  }

  /** Keeps the sum of all sets within the limit. */
  #count(set: AddressSet, owner: object, key: string): AddressSet | undefined {
    const before = this.#ranges;
    this.#ranges += rangeCount(set);
    if (this.#ranges <= MOST_RANGES) return set;
    if (before <= MOST_RANGES) {
      const message = `the address sets of the rule file take more than ${MOST_RANGES} ranges`;
      this.#context.report('too-large', this.#context.at(owner, key), message);
    }
    return undefined;
  }
}

/** Ranges of a set, 0 of none. */
export function rangeCount(set: AddressSet | null): number {
  return set === null ? 0 : set.v4.length / 2 + set.v6.length / 4;
}

function textOf(value: AddressesConfig): string {
  if (typeof value === 'string') return value;
  if (isList(value)) return value.join('\n');
  const { include, 'from-file': files, except } = value;
  return [include, files, except].map((part) => [part ?? []].flat().join('\n')).join('\n!\n');
}

function isList(value: AddressesConfig): value is readonly string[] {
  return Array.isArray(value);
}
