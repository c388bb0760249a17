// SPDX-License-Identifier: BSD-3-Clause
import { EVERYTHING, intersect, type Box } from '../shared/box.js';
import type { Conditions } from '../shared/conditions.js';
import { complement, rangesOf, type Ranges } from '../shared/ranges.js';
import type { Around } from './around.js';
import type { Collection, Element, Node } from './ruleset.js';
import type { Implied } from './selectors.js';
import { keyWords, numbersOf, wordOf, type Field } from './values.js';

const MOST: Readonly<Partial<Record<Field, bigint>>> = {
  proto: 255n,
  sport: 65535n,
  dport: 65535n,
  icmp: 65535n,
  code: 65535n,
  dscp: 63n,
};
const FAMILIES = new Map<string, 4 | 6>([
  ['ip', 4],
  ['ipv4', 4],
  ['0x0800', 4],
  ['2', 4],
  ['ip6', 6],
  ['ipv6', 6],
  ['0x86dd', 6],
  ['10', 6],
]);

/** Conditions on fields that boxes have, one by one or concatenated. */
export class Fields {
  readonly #to: Conditions<Around>;
  readonly #around: Around;

  constructor(to: Conditions<Around>) {
    this.#to = to;
    this.#around = to.around;
  }

  implied({ family, protocols }: Implied): void {
    if (family !== null && family !== this.#around.family) this.#to.boxes = [];
    else if (protocols.length > 0)
      this.#to.and({
        proto: rangesOf(protocols.map((one) => [BigInt(one), BigInt(one)] as const)),
      });
  }

  /** The elements of a value: of a set in braces or by name, or what is written itself. */
  elements(
    value: readonly Node[],
  ): { elements: readonly Element[]; set: Collection | null } | null {
    const [first] = value;
    if (value.length === 1 && first?.kind === 'set') return { elements: first.elements, set: null };
    const name = wordOf(first);
    if (value.length === 1 && name.startsWith('@')) {
      const set = this.#around.table.sets.get(name.slice(1));
      return set === undefined ? null : { elements: set.elements, set };
    }
    if (value.some((node) => node.kind !== 'word' && node.kind !== 'set')) return null;
    const dotted = value.some((node) => wordOf(node) === '.');
    if (dotted) return { elements: [{ key: value, value: null }], set: null };
    return {
      elements: value.flatMap((node) =>
        node.kind === 'set' ? node.elements : [{ key: [node], value: null }],
      ),
      set: null,
    };
  }

  match(
    fields: readonly Field[],
    operator: string,
    negated: boolean,
    value: readonly Node[],
  ): boolean {
    const found = this.elements(value);
    if (found === null) return false;
    const { elements, set } = found;
    if (set !== null && elements.length === 0)
      this.#to.remarks.push(`the set '${set.name}' has no elements in the file: nothing is in it`);
    const [only, another] = fields;
    if (only === undefined) return false;
    if (another !== undefined) {
      if (negated) return false;
      const boxes: Box[] = [];
      for (const element of elements) {
        const box = this.box(fields, element);
        if (box === undefined) return false;
        if (box !== null) boxes.push(box);
      }
      this.#to.either(boxes);
      return true;
    }
    const words = elements.map((element) => keyWords(element)[0] ?? '');
    if (words.includes('*') && set !== null) {
      if (negated) this.#to.boxes = [];
      return true;
    }
    switch (only) {
      case 'state':
        this.#to.state(
          words.map((word) => word.toUpperCase()),
          negated,
        );
        return true;
      case 'family':
        return this.#family(words, negated);
      case 'mac':
        return this.#mac(words, negated);
      case 'in':
      case 'out':
        this.#interfaces(only, words, negated);
        return true;
      case 'src':
      case 'dst':
        if (set !== null && elements.length > 0) return this.#group(only, set, negated);
    }
    const ranges = this.#ranges(only, words, operator);
    return ranges !== null && this.#and(only, ranges, negated);
  }

  /** An element of a concatenation as a box: null where it is of no packet here, undefined if not known. */
  box(fields: readonly Field[], element: Element): Box | null | undefined {
    const words = keyWords(element);
    if (words.length === 1 && words[0] === '*') return EVERYTHING;
    if (words.length !== fields.length) return undefined;
    let box: Box | null = EVERYTHING;
    for (const [i, field] of fields.entries()) {
      const word = words[i] ?? '';
      let part: Partial<Box>;
      if (field === 'in' || field === 'out') {
        const bits = field === 'in' || this.#around.routed ? this.#bits(word) : 0n;
        if (bits === 0n) return null;
        part = { [field]: bits };
      } else if (field === 'mac') part = { mac: [word.toLowerCase()] };
      else if (field === 'state') {
        if (word !== 'new') return null;
        continue;
      } else {
        const ranges = this.#ranges(field, [word], '==');
        if (ranges === null) return undefined;
        if (ranges.length === 0) return null;
        if (field === 'src' || field === 'dst')
          part = { [field]: { set: ranges, inc: [], exc: [] } };
        else if (field === 'dscp' || field === 'family') return undefined;
        else part = { [field === 'code' ? 'icmp' : field]: ranges };
      }
      box = intersect(box, { ...EVERYTHING, ...part });
      if (box === null) return null;
    }
    return box;
  }

  #ranges(field: Field, words: readonly string[], operator: string): Ranges | null {
    const all: Ranges[] = [];
    for (const word of words) {
      const ranges = numbersOf(word, field, this.#around.family);
      if (ranges === null) {
        // Names of the other family are of no packet here.
        const other = this.#around.family === 4 ? 6 : 4;
        if ((field === 'src' || field === 'dst') && numbersOf(word, field, other) !== null)
          continue;
        return null;
      }
      all.push(ranges);
    }
    const whole = rangesOf(all.flat());
    const last = MOST[field];
    const [low, high] = [whole[0]?.[0], whole.at(-1)?.[1]];
    if (['==', '!=', '!', 'in'].includes(operator)) return whole;
    if (last === undefined || low === undefined || high === undefined || words.length !== 1)
      return null;
    switch (operator) {
      case '<':
        return low === 0n ? [] : [[0n, low - 1n]];
      case '<=':
        return [[0n, high]];
      case '>':
        return high === last ? [] : [[high + 1n, last]];
      default:
        return [[low, last]];
    }
  }

  #and(field: Field, ranges: Ranges, negated: boolean): boolean {
    const to = this.#to;
    if (ranges.length === 0) {
      if (!negated) to.boxes = [];
      return true;
    }
    switch (field) {
      case 'src':
      case 'dst':
        to.addresses(field, ranges, negated);
        return true;
      case 'sport':
      case 'dport':
        to.ports(field, ranges, negated);
        return true;
      case 'icmp':
      case 'code':
        to.ports('icmp' as 'dport', ranges, negated);
        return true;
      case 'proto': {
        const values = negated ? complement(ranges, 255n) : ranges;
        if (values.length === 0) to.boxes = [];
        else to.and({ proto: values });
        return true;
      }
      case 'dscp': {
        let bits = 0n;
        for (const [low, high] of ranges) for (let at = low; at <= high; at++) bits |= 1n << at;
        if (negated) bits = ((1n << 64n) - 1n) & ~bits;
        if (bits === 0n) to.boxes = [];
        else to.and({ dscp: bits });
        return true;
      }
      default:
        return false;
    }
  }

  #family(words: readonly string[], negated: boolean): boolean {
    const families = words.map((word) => FAMILIES.get(word));
    if (families.some((one) => one === undefined)) {
      if (
        words.some((word) => !FAMILIES.has(word) && !/^(arp|vlan|0x0806|8021q|8021ad)$/.test(word))
      )
        return false;
    }
    if (families.includes(this.#around.family) === negated) this.#to.boxes = [];
    return true;
  }

  #mac(words: readonly string[], negated: boolean): boolean {
    const list = words.map((word) => word.toLowerCase());
    if (list.some((one) => !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(one))) return false;
    if (!negated) this.#to.and({ mac: list });
    else for (const one of list) this.#to.skips.push({ ...EVERYTHING, mac: [one] });
    return true;
  }

  #interfaces(field: 'in' | 'out', words: readonly string[], negated: boolean): void {
    const { space, routed } = this.#around;
    if (field === 'out' && !routed) {
      // Its name is empty there.
      if (!negated) this.#to.boxes = [];
      return;
    }
    let bits = 0n;
    for (const word of words) bits |= this.#bits(word);
    if (negated) bits = space.interfaces & ~bits;
    if (!negated && words.length > 0 && words.every((word) => word === 'lo'))
      this.#to.never ??= 'loopback';
    else if (bits === 0n) this.#to.boxes = [];
    else if (bits !== space.interfaces) this.#to.and({ [field]: bits });
  }

  #bits(word: string): bigint {
    return this.#around.interfaces(word.endsWith('*') ? `${word.slice(0, -1)}+` : word);
  }

  #group(field: 'src' | 'dst', set: Collection, negated: boolean): boolean {
    const { family, table, group } = this.#around;
    const fits = set.elements.some(
      (element) => numbersOf(keyWords(element)[0] ?? '', field, family) !== null,
    );
    if (!fits) {
      if (!negated) this.#to.boxes = [];
      return true;
    }
    if (set.elements.length < 4) {
      const ranges = this.#ranges(
        field,
        set.elements.map((one) => keyWords(one)[0] ?? ''),
        '==',
      );
      return ranges !== null && this.#and(field, ranges, negated);
    }
    const name = group(set, table);
    this.#to.and({
      [field]: { set: null, inc: negated ? [] : [name], exc: negated ? [name] : [] },
    });
    return true;
  }
}
