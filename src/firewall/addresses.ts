// SPDX-License-Identifier: BSD-3-Clause
import { formatPrefix, hasHostBits, networkOf, parseMember, parsePrefix } from '../net/address.js';
import { subtract } from '../net/algebra.js';
import { AddressSetBuilder } from '../net/builder.js';
import type { AddressSet } from '../net/sets.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { quote } from '../diagnostics/text.js';
import type { Context } from '../rulefile/context.js';
import { itemsOf } from '../rulefile/schema.js';
import { MOST_GROUP_DEPTH, MOST_RANGES } from './limits.js';
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
  readonly #byGroup = new Map<string, AddressSet | undefined>();
  readonly #byText = new Map<string, AddressSet>();
  readonly #open: string[] = [];
  #ranges = 0;

  constructor(groups: Groups | undefined, context: Context) {
    this.#groups = groups ?? new Map<string, AddressesConfig>();
    this.#context = context;
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

  /** The set of a group that exists. */
  group(name: string): AddressSet | undefined {
    if (this.#byGroup.has(name)) return this.#byGroup.get(name);
    this.#open.push(name);
    const set = this.#fresh(this.#groups.get(name) as AddressesConfig, this.#groups, name);
    this.#open.pop();
    this.#byGroup.set(name, set);
    return set;
  }

  #fresh(value: AddressesConfig, owner: object, key: string): AddressSet | undefined {
    if (typeof value === 'string' || isList(value)) return this.#union(value, owner, key);
    const included = this.#union(value.include, value, 'include');
    if (value.except === undefined) return included;
    const except = this.#union(value.except, value, 'except');
    if (included === undefined || except === undefined) return undefined;
    return this.#count(subtract(included, except), owner, key);
  }

  #union(value: Members, owner: object, key: string): AddressSet | undefined {
    const items = itemsOf(owner, key, value);
    const [only] = items;
    // A set of one group is that group's set.
    if (items.length === 1 && only !== undefined && this.#groups.has(only.text)) {
      return this.#member(only.text, only.owner, only.key);
    }
    const builder = new AddressSetBuilder();
    let whole = true;
    for (const item of items) {
      if (this.#groups.has(item.text)) {
        const set = this.#member(item.text, item.owner, item.key);
        if (set === undefined) whole = false;
        else builder.addSet(set);
      } else if (!this.#literal(item.text, builder, item.owner, item.key)) whole = false;
    }
    return whole ? this.#count(builder.build(), owner, key) : undefined;
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
      if (text.includes('/')) this.#hostBits(text, owner, key);
      return true;
    }
    // A group whose value was refused is not unknown.
    if (this.#context.wrote(this.#groups, text)) return false;
    const span = this.#context.at(owner, key);
    if (LOOKS_LIKE_ADDRESS.test(text)) {
      this.#context.report('address-invalid', span, `${quote(text)} is not an address: ${range}`);
    } else {
      this.#context.report('unknown-group', span, `there is no address group ${quote(text)}`, {
        hint: () => didYouMean(text, this.#groups.keys()),
      });
    }
    return false;
  }

  #hostBits(text: string, owner: object, key: string | number): void {
    const prefix = parsePrefix(text);
    if (typeof prefix === 'string' || !hasHostBits(prefix)) return;
    const network = formatPrefix(networkOf(prefix));
    const message = `${quote(text)} has bits set beyond its length and means all of ${network}`;
    this.#context.report('prefix-host-bits', this.#context.at(owner, key), message, {
      hint: `write ${network}, or the address alone`,
    });
  }

  /** Keeps the sum of all sets within the limit. */
  #count(set: AddressSet, owner: object, key: string): AddressSet | undefined {
    const before = this.#ranges;
    this.#ranges += set.v4.length / 2 + set.v6.length / 4;
    if (this.#ranges <= MOST_RANGES) return set;
    if (before <= MOST_RANGES) {
      const message = `the address sets of the rule file take more than ${MOST_RANGES} ranges`;
      this.#context.report('too-large', this.#context.at(owner, key), message);
    }
    return undefined;
  }
}

function textOf(value: AddressesConfig): string {
  if (typeof value === 'string') return value;
  if (isList(value)) return value.join('\n');
  return `${[value.include].flat().join('\n')}\n!\n${[value.except ?? []].flat().join('\n')}`;
}

function isList(value: AddressesConfig): value is readonly string[] {
  return Array.isArray(value);
}
