// SPDX-License-Identifier: BSD-3-Clause
import { nameOf, Names } from '../shared/naming.js';
import type { Remarks } from '../shared/remarks.js';
import { isName } from '../shared/services.js';
import { lastAddress } from '../shared/addresses.js';
import { complement, rangesOf } from '../shared/ranges.js';
import { oneOrList, texts } from '../shared/values.js';
import type { Value } from '../shared/yaml.js';
import type { Collection, Table } from './ruleset.js';
import { keyWords, numbersOf } from './values.js';

/** Address groups: those of named sets, and others that rules need. */
export class Sets {
  readonly groups = new Map<string, Value>();
  readonly #names: Names;
  readonly #remarks: Remarks;
  readonly #known = new Map<Collection, string>();
  readonly #complements = new Map<string, string>();
  readonly #families = new Map<string, 4 | 6>();

  constructor(zones: Iterable<string>, remarks: Remarks) {
    this.#remarks = remarks;
    this.#names = new Names([
      ...zones,
      'any',
      'local',
      'bogons',
      'proto',
      'include',
      'tcp',
      'udp',
      'sctp',
      'icmp',
      'icmpv6',
    ]);
  }

  freshName(base: string): string {
    return this.#names.unique(base);
  }

  group(set: Collection, { family: of }: Table, family: 4 | 6): string {
    const known = this.#known.get(set);
    if (known !== undefined) return known;
    const plain = nameOf(set.name, 50);
    const name = this.#names.unique(isName(plain) ? plain : `set-${plain}`);
    this.#known.set(set, name);
    this.#families.set(name, family);
    const ranges = set.elements.flatMap((element) => {
      const text = keyWords(element)[0] ?? '';
      const one = numbersOf(text, 'src', family);
      if (one === null)
        this.#remarks.problem(
          set.line,
          `'${text}' of set '${set.name}' (${of}) is no address: it is left out`,
        );
      return one ?? [];
    });
    this.groups.set(name, texts(rangesOf(ranges), family));
    return name;
  }

  add(base: string, value: Value): string {
    const name = this.#names.unique(`${base}-addresses`);
    this.groups.set(name, value);
    return name;
  }

  /** The group of all that is not in a group. */
  notIn(name: string): string {
    let group = this.#complements.get(name);
    if (group === undefined) {
      group = this.#names.unique(`not-${name}`);
      this.#complements.set(name, group);
      const family = this.#families.get(name) ?? 4;
      const all = oneOrList(texts(complement([], lastAddress(family)), family));
      this.groups.set(group, { include: all, except: name });
    }
    return group;
  }
}
