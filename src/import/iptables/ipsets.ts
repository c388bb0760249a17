// SPDX-License-Identifier: BSD-3-Clause
import { parseMember } from '../../net/address.js';
import { nameOf, Names } from '../shared/naming.js';
import type { Remarks } from '../shared/remarks.js';

interface Saved {
  readonly type: string;
  readonly family: 4 | 6;
  readonly members: string[];
  readonly except: string[];
  readonly line: number;
}

/** An ipset that rules name, as the address group it becomes. */
export interface Group {
  readonly name: string;
  readonly include: readonly string[];
  readonly except: readonly string[];
  /** Nobody said what is in it. */
  readonly empty: boolean;
}

/** Types whose members are addresses, prefixes or ranges alone. */
const PLAIN = new Set([
  'hash:ip',
  'hash:net',
  'bitmap:ip',
  'list:set',
  'iptree',
  'iphash',
  'nethash',
  'ipmap',
]);

/** ipsets by name: their contents from `ipset save`, and the groups made of those that rules name. */
export class Ipsets {
  readonly #saved = new Map<string, Saved>();
  /** Groups of what is not in a group, by its name. */
  readonly complements = new Map<string, string>();
  readonly #groups = new Map<string, Group>();
  readonly #names: Names;
  readonly #family: 4 | 6;
  readonly #remarks: Remarks;

  constructor(family: 4 | 6, zones: Iterable<string>, remarks: Remarks) {
    this.#family = family;
    this.#remarks = remarks;
    this.#names = new Names([
      ...zones,
      'any',
      'local',
      'bogons',
      'proto',
      'include',
      'own-addresses',
    ]);
  }

  /** Takes `create` and `add` lines; `foreign` says that their numbers are not of the dump. */
  read(lines: Iterable<{ readonly line: number; readonly text: string }>, foreign: boolean): void {
    for (const { line, text } of lines) {
      const words = text.trim().split(/\s+/);
      const [command, name = '', what = ''] = words;
      if (command === 'create') {
        const six = words[words.indexOf('family') + 1] === 'inet6';
        const family = words.includes('family') && six ? 6 : 4;
        this.#saved.set(name, {
          type: what,
          family,
          members: [],
          except: [],
          line: foreign ? 1 : line,
        });
      } else if (command === 'add') {
        const set = this.#saved.get(name);
        if (set === undefined) {
          this.#say(foreign ? 1 : line, `add ${name} before it is created: it is left out`);
          continue;
        }
        (words.includes('nomatch') ? set.except : set.members).push(what);
      }
    }
  }

  /** The group for a set that a rule names, or why there can be none. */
  group(name: string, directions: string, line: number): { group: string } | string {
    if (directions !== 'src' && directions !== 'dst') return 'a set of more than addresses';
    const saved = this.#saved.get(name);
    if (saved !== undefined && !PLAIN.has(saved.type)) return `a set of type ${saved.type}`;
    if (saved === undefined)
      this.#say(
        line,
        `the members of ipset '${name}' are not in the file: the group for it is empty and to be filled in`,
      );
    else if (saved.type !== 'list:set' && saved.family !== this.#family)
      return `a set of IPv${saved.family}`;
    return { group: this.#groupOf(name, 0).name };
  }

  /** The group for the addresses of countries, which nobody but the user knows. */
  countries(codes: string, line: number): string {
    const key = `geoip ${codes}`;
    this.#say(
      line,
      `the addresses of ${codes} are not in the file: the group for them is empty and to be filled in`,
    );
    const known = this.#groups.get(key);
    if (known !== undefined) return known.name;
    const name = this.#names.unique(nameOf(`geoip-${codes}`, 50));
    this.#groups.set(key, { name, include: [], except: [], empty: true });
    return name;
  }

  get groups(): readonly Group[] {
    return [...this.#groups.values()];
  }

  /** The name of a group that is none of an ipset. */
  freshName(base: string): string {
    return this.#names.unique(base);
  }

  /** The group of all that is not in a group. */
  notIn(name: string): string {
    const known = this.complements.get(name);
    const group = known ?? this.freshName(`not-${name}`);
    this.complements.set(name, group);
    return group;
  }

  #groupOf(name: string, depth: number): Group {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const plain = nameOf(name, 50) || 'ipset';
    const fits = /^[0-9.]+(-[0-9.]+)?$/.test(plain) ? `ipset-${plain}` : plain;
    const unique = this.#names.unique(fits);
    const saved = this.#saved.get(name);
    // The place is taken before the members are read, so that sets in a circle end.
    this.#groups.set(name, { name: unique, include: [], except: [], empty: true });
    const members = (list: readonly string[]): string[] =>
      list.flatMap((member) => this.#member(member, saved as Saved, name, depth));
    const group = {
      name: unique,
      include: saved === undefined ? [] : members(saved.members),
      except: saved === undefined ? [] : members(saved.except),
      empty: saved === undefined,
    };
    this.#groups.set(name, group);
    return group;
  }

  #member(text: string, { type, line }: Saved, set: string, depth: number): string[] {
    if (type === 'list:set') {
      if (depth > 8 || !this.#saved.has(text) || this.#groups.get(text)?.empty === true) {
        this.#say(line, `ipset '${set}' names '${text}', which is not there: it is left out`);
        return [];
      }
      return [this.#groupOf(text, depth + 1).name];
    }
    const range = parseMember(text);
    if (typeof range !== 'string' && range.family === this.#family) return [text];
    this.#say(line, `'${text}' of ipset '${set}' is no address: it is left out`);
    return [];
  }

  #say(line: number, message: string): void {
    this.#remarks.problem(line, message);
  }
}
