// SPDX-License-Identifier: BSD-3-Clause
import { EVERYTHING, intersect, type Box, type Limit, type Space } from '../shared/box.js';
import { Conditions } from '../shared/conditions.js';
import { flagSet } from '../shared/flags.js';
import { flagBits, numberOf } from '../shared/names.js';
import { outcomeOf } from '../shared/outcome.js';
import { complement, rangesOf, type Ranges } from '../shared/ranges.js';
import type { Remarks } from '../shared/remarks.js';
import type { RejectWith, Rule, Target } from '../shared/rule.js';
import type { Chain, Collection, Element, Node, Statement, Table } from './parse.js';
import { selectorAt, textOf, type Implied, type Selector } from './selectors.js';
import { keyWords, numbersOf, wordOf, type Field } from './values.js';

/** What statements ask of the rest of the ruleset. */
export interface Around {
  readonly family: 4 | 6;
  readonly space: Space;
  readonly table: Table;
  /** Bits of the interfaces a name or pattern is of. */
  readonly interfaces: (pattern: string) => bigint;
  /** Addresses by type, as `fib daddr type` has them. */
  readonly addressTypes: ReadonlyMap<string, Ranges>;
  /** The group that stands for a set of addresses. */
  readonly group: (set: Collection, table: Table) => string;
  /** Whether anything in the ruleset sets marks. */
  readonly marks: boolean;
  /** Whether destinations are translated before they get here. */
  readonly translated: boolean;
  /** Whether packets have a way out where the chain is hooked. */
  readonly routed: boolean;
  readonly remarks: Remarks;
  /** Where remarks about the chain are kept until it is reached. */
  readonly key: string;
}

const MOST: Readonly<Partial<Record<Field, bigint>>> = {
  proto: 255n,
  sport: 65535n,
  dport: 65535n,
  icmp: 65535n,
  code: 65535n,
  dscp: 63n,
};
const ANSWERS = new Map<string, RejectWith>([
  ['tcp reset', 'tcp-reset'],
  ['port-unreachable', 'port-unreachable'],
  ['host-unreachable', 'host-unreachable'],
  ['addr-unreachable', 'host-unreachable'],
  ['net-unreachable', 'net-unreachable'],
  ['no-route', 'net-unreachable'],
  ['admin-prohibited', 'admin-prohibited'],
  ['host-prohibited', 'admin-prohibited'],
  ['net-prohibited', 'admin-prohibited'],
  ['prot-unreachable', 'port-unreachable'],
]);
const DEFAULT_BURST = 5;
const NAT = new Set(['masquerade', 'snat', 'dnat', 'redirect']);
/** They take what follows them in the rule with them, and let the packet go on. */
const PASSING = new Set([
  'notrack', 'flow', 'synproxy', 'tproxy', 'dup', 'fwd', 'xt', 'add', 'update', 'delete', 'set',
  'queue', 'quota', 'last', 'nftrace', 'map',
]); // prettier-ignore

/** What a rule does to addresses. */
export interface Translation {
  readonly kind: string;
  readonly nodes: readonly Node[];
}

export interface Read {
  readonly rules: readonly Rule[];
  /** In chains of type nat. */
  readonly nat: { readonly rule: Rule; readonly translation: Translation } | null;
}

/** Reads one rule for packets of one family. */
export function readStatement(
  { line, place, nodes, text }: Statement,
  chain: Chain,
  number: number,
  around: Around,
): Read {
  return new Reader(line, place, nodes, text, chain, number, around).read();
}

class Reader {
  readonly #nodes: readonly Node[];
  readonly #to: Conditions<Around>;
  readonly #around: Around;
  readonly #base: Pick<Rule, 'chain' | 'number' | 'line' | 'text'>;
  readonly #place: string | null;
  readonly #rules: Rule[] = [];
  #at = 0;

  constructor(
    line: number,
    place: string | null,
    nodes: readonly Node[],
    text: string,
    chain: Chain,
    number: number,
    around: Around,
  ) {
    this.#nodes = nodes;
    this.#around = around;
    this.#place = place;
    this.#to = new Conditions(around, line);
    this.#base = { chain: chain.name, number, line, text };
    const at = nodes.findIndex((node) => wordOf(node) === 'comment');
    if (at >= 0) this.#to.comment = wordOf(nodes[at + 1]) || null;
  }

  read(): Read {
    let counted = false;
    while (this.#at < this.#nodes.length) {
      const word = this.#quoted() ? '' : this.#peek();
      switch (word) {
        case 'counter':
          counted = true;
          this.#at++;
          if (this.#peek() === 'name') this.#at += 2;
          while (this.#peek() === 'packets' || this.#peek() === 'bytes') this.#at += 2;
          continue;
        case 'comment':
          this.#at += 2;
          continue;
        case 'log':
          this.#log();
          continue;
        case 'limit':
          this.#at++;
          this.#limit();
          continue;
        case 'meter':
          this.#at += 2;
          continue;
      }
      const verdict = this.#verdict(word);
      if (verdict !== null) {
        this.#rules.push(this.#rule(verdict.target, verdict.problem));
        return { rules: this.#rules, nat: null };
      }
      if (NAT.has(word)) {
        const rule = this.#rule({ kind: 'pass' }, null);
        const rest = this.#nodes.slice(this.#at + 1);
        return { rules: this.#rules, nat: { rule, translation: { kind: word, nodes: rest } } };
      }
      if (this.#passing(word)) continue;
      const selected = selectorAt(this.#nodes, this.#at);
      if (selected === null) {
        this.#to.cannot(textOf(this.#nodes.slice(this.#at)));
        break;
      }
      this.#at += selected.length;
      if (this.#peek() === 'set') {
        this.#say(
          `${textOf(this.#nodes.slice(this.#at - selected.length))}: no equivalent: it is left out`,
        );
        return { rules: this.#rules, nat: null };
      }
      if (this.#match(selected.selector)) return { rules: this.#rules, nat: null };
    }
    if (this.#to.unknown.length > 0)
      this.#say(`${this.#to.unknown.join(', ')}: no equivalent: the rule is left out`);
    else if (counted && this.#rules.length === 0)
      this.#say('a rule without a verdict only counts: it is left out, for every rule here counts');
    return { rules: this.#rules, nat: null };
  }

  #rule(target: Target, problem: string | null): Rule {
    const base = { ...this.#base, comment: this.#to.comment, target };
    return outcomeOf(
      base,
      this.#to,
      problem,
      (message) => this.#say(message),
      this.#around.remarks,
    );
  }

  #say(message: string): void {
    const { remarks, key } = this.#around;
    const whole = this.#place === null ? message : `${this.#place}: ${message}`;
    remarks.later(key, this.#base.line, whole);
  }

  #peek(): string {
    return wordOf(this.#nodes[this.#at]);
  }

  #quoted(): boolean {
    const node = this.#nodes[this.#at];
    return node?.kind === 'word' && node.quoted;
  }

  #next(): Node | undefined {
    return this.#nodes[this.#at++];
  }

  #verdict(word: string): { target: Target; problem: string | null } | null {
    const good = (target: Target) => ({ target, problem: null });
    switch (word) {
      case 'accept':
        return good({ kind: 'accept' });
      case 'drop':
        return good({ kind: 'deny', with: null });
      case 'return':
        return good({ kind: 'return' });
      case 'continue':
        return good({ kind: 'pass' });
      case 'queue':
        return {
          target: { kind: 'deny', with: null },
          problem: 'queue hands packets to a program: what it matches is denied',
        };
      case 'jump':
      case 'goto': {
        const name = wordOf(this.#nodes[this.#at + 1]);
        if (this.#around.table.chains.has(name))
          return good({ kind: 'chain', name, goto: word === 'goto' });
        return {
          target: { kind: 'deny', with: null },
          problem: `there is no chain '${name}': what goes there is denied`,
        };
      }
      case 'reject': {
        const rest = textOf(this.#nodes.slice(this.#at + 1));
        const [, said] = /with (?:icmpx?(?:v6)? )?(?:type )?(tcp reset|[a-z-]+)/.exec(rest) ?? [];
        const answer = said === undefined ? 'port-unreachable' : ANSWERS.get(said);
        if (answer !== undefined) return good({ kind: 'deny', with: answer });
        return {
          target: { kind: 'deny', with: 'auto' },
          problem: `reject ${rest}: it rejects with the usual answer`,
        };
      }
      default:
        return null;
    }
  }

  /** Statements that decide nothing; those with conditions of their own in braces are read. */
  #passing(word: string): boolean {
    if (!PASSING.has(word)) return false;
    const set = this.#nodes.slice(this.#at).find((node) => node.kind === 'set');
    const [element] = set?.kind === 'set' ? set.elements : [];
    const inner = element?.key ?? [];
    const text = textOf(this.#nodes.slice(this.#at));
    const limit = inner.findIndex((node) => wordOf(node) === 'limit');
    const count = inner.findIndex((node) => wordOf(node) === 'count');
    const bySource = inner.length > 1 && wordOf(inner[1]) === 'saddr' && wordOf(inner[2]) !== '.';
    if (['add', 'update', 'set'].includes(word) && (limit >= 0 || count >= 0)) {
      const end = this.#nodes.indexOf(set as Node) + 1;
      this.#dynamic(inner, limit, count, bySource, text);
      this.#at = end;
      return true;
    }
    // Elements that are added come to nothing for a source that was never seen.
    this.#say(`${text}: no equivalent: it is left out`);
    const verdicts = [
      'accept',
      'drop',
      'reject',
      'return',
      'jump',
      'goto',
      'counter',
      'log',
      'limit',
    ];
    this.#at++;
    while (this.#at < this.#nodes.length && !verdicts.includes(this.#peek())) this.#at++;
    return true;
  }

  /** `{ ip saddr limit rate over 5/second }`, `{ ip saddr ct count over 20 }`. */
  #dynamic(
    inner: readonly Node[],
    limit: number,
    count: number,
    bySource: boolean,
    text: string,
  ): void {
    const words = inner.map(wordOf);
    if (!bySource) this.#to.remarks.push(`${text} counts by rule here`);
    if (count >= 0) {
      const over = words[count + 1] === 'over';
      const number = numberOf(words[count + (over ? 2 : 1)] ?? '', 1_000_000_000);
      if (number === null || number === 0) this.#to.cannot(text);
      else this.#bound(bySource ? { sessionsPerSource: number } : { sessions: number }, over);
      return;
    }
    const over = words[limit + 2] === 'over';
    const rate = rateOf(words[limit + (over ? 3 : 2)] ?? '');
    if (rate === null) this.#to.cannot(text);
    else this.#bound(bySource ? { ratePerSource: rate } : { rate, burst: DEFAULT_BURST }, over);
  }

  #log(): void {
    this.#at++;
    let prefix: string | null = null;
    for (;;) {
      const word = this.#peek();
      if (word === 'prefix') {
        this.#at++;
        prefix = wordOf(this.#next()).trim();
      } else if (['level', 'group', 'snaplen', 'queue-threshold'].includes(word)) this.#at += 2;
      else if (word === 'flags') {
        this.#at += 2;
        while (['sequence', 'options', ','].includes(this.#peek())) this.#at++;
      } else break;
    }
    this.#rules.push(this.#rule({ kind: 'log', prefix }, null));
  }

  /** `rate [over] N/UNIT [burst N packets]` or `name NAME`. */
  #limit(): void {
    let words = this.#nodes.slice(this.#at).map(wordOf);
    const named = words[0] === 'name' ? (words[1] ?? '') : null;
    if (named !== null) {
      this.#at += 2;
      words = this.#around.table.limits.get(named)?.map(wordOf) ?? [];
    }
    let used = words[0] === 'rate' ? 1 : 0;
    const over = words[used] === 'over';
    if (over) used++;
    const rate = rateOf(words[used++] ?? '');
    // Rates of bytes have their unit apart: `10 mbytes/second`.
    if (rate === null && (words[used] ?? '').includes('/')) used++;
    let burst = DEFAULT_BURST;
    if (words[used] === 'burst') {
      burst = Math.max(1, numberOf(words[used + 1] ?? '', 1_000_000_000) ?? 1);
      used += /^(packets|[kmg]?bytes)$/.test(words[used + 2] ?? '') ? 3 : 2;
    }
    if (named === null) this.#at += used;
    if (rate === null)
      this.#to.cannot(
        named === null ? `limit ${words.slice(0, used).join(' ')}` : `limit name "${named}"`,
      );
    else this.#bound({ rate, burst }, over);
  }

  #bound(limit: Limit, over: boolean): void {
    if (!over) this.#to.and({ limits: [limit] });
    else this.#to.over = { ...limit, ...this.#to.over };
  }

  /** Reads what stands behind a selector; true when the rule is done, by a verdict map. */
  #match(selector: Selector): boolean {
    const from = this.#at;
    const mask = this.#mask();
    let operator = '==';
    let written = false;
    if (
      ['==', '!=', '<', '>', '<=', '>=', '!', 'in', 'eq', 'ne', 'lt', 'gt', 'le', 'ge'].includes(
        this.#peek(),
      ) &&
      !this.#quoted()
    ) {
      operator = NAMED.get(this.#peek()) ?? this.#peek();
      written = true;
      this.#at++;
    }
    if (this.#peek() === 'vmap' && !this.#quoted()) {
      this.#at++;
      this.#verdicts(selector, this.#next());
      return true;
    }
    const value = this.#value();
    const shown = (): string =>
      `${shownSelector(selector)} ${textOf(this.#nodes.slice(from, this.#at))}`;
    const negated = operator === '!=' || operator === '!';
    switch (selector.kind) {
      case 'unknown':
        this.#to.cannot(shown());
        return false;
      case 'flags':
        if (!this.#flags(mask, operator, written, value)) this.#to.cannot(shown());
        return false;
      case 'special':
        this.#special(selector.what, selector.text, negated, operator, value, shown());
        return false;
      case 'fields': {
        this.#implied(selector.implied);
        const { fields } = selector;
        const [only] = fields;
        if (this.#to.boxes.length === 0) return false;
        if (mask !== null || only === undefined || !this.#fields(fields, operator, negated, value))
          this.#to.cannot(shown());
        return false;
      }
    }
  }

  /** `& VALUE`, or null where there is none. */
  #mask(): readonly Node[] | null {
    if (this.#peek() !== '&' || this.#quoted()) return null;
    this.#at++;
    return this.#value();
  }

  /** A value, or several with commas or bars between them. */
  #value(): readonly Node[] {
    const values: Node[] = [];
    for (;;) {
      const node = this.#next();
      if (node === undefined) return values;
      values.push(node);
      const word = this.#quoted() ? '' : this.#peek();
      if (word === '.') {
        values.push(this.#next() as Node);
        continue;
      }
      if (word === '-') {
        // `1024 - 65535`
        this.#at++;
        const end = this.#next();
        values[values.length - 1] = {
          kind: 'word',
          quoted: false,
          text: `${wordOf(node)}-${wordOf(end)}`,
        };
      }
      if (this.#peek() !== ',' && this.#peek() !== '|') return values;
      this.#at++;
    }
  }

  #implied({ family, protocols }: Implied): void {
    if (family !== null && family !== this.#around.family) this.#to.boxes = [];
    else if (protocols.length > 0)
      this.#to.and({
        proto: rangesOf(protocols.map((one) => [BigInt(one), BigInt(one)] as const)),
      });
  }

  /** The elements of a value: of a set in braces or by name, or what is written itself. */
  #elements(
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

  #fields(
    fields: readonly Field[],
    operator: string,
    negated: boolean,
    value: readonly Node[],
  ): boolean {
    const found = this.#elements(value);
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
        const box = this.#box(fields, element);
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

  /** An element of a concatenation as a box: null where it is of no packet here, undefined if not known. */
  #box(fields: readonly Field[], element: Element): Box | null | undefined {
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

  /** Each element of a verdict map is a rule. */
  #verdicts(selector: Selector, map: Node | undefined): void {
    const found = map === undefined ? null : this.#elements([map]);
    if (
      found === null ||
      selector.kind === 'flags' ||
      selector.kind === 'unknown' ||
      selector.kind === 'special'
    ) {
      this.#to.cannot(`${shownSelector(selector)} vmap ${map === undefined ? '' : textOf([map])}`);
      this.#rules.push(this.#rule({ kind: 'deny', with: null }, null));
      return;
    }
    this.#implied(selector.implied);
    if (found.set !== null && found.elements.length === 0)
      this.#say(`the map '${found.set.name}' has no elements in the file: it decides nothing`);
    const { boxes, unknown } = this.#to;
    const rest = found.elements.filter((element) => keyWords(element)[0] === '*');
    for (const element of [...found.elements.filter((one) => !rest.includes(one)), ...rest]) {
      const nodes = element.value ?? [];
      const inner = new Reader(
        this.#base.line,
        this.#place,
        nodes,
        this.#base.text,
        { name: this.#base.chain } as Chain,
        this.#base.number,
        this.#around,
      );
      const verdict = inner.#verdict(wordOf(nodes[0]));
      const state = selector.fields.length === 1 && selector.fields[0] === 'state';
      const box = state ? EVERYTHING : this.#box(selector.fields, element);
      inner.#to.boxes =
        box === undefined || box === null ? [] : boxes.flatMap((one) => intersect(one, box) ?? []);
      inner.#to.unknown.push(...unknown);
      inner.#to.states = this.#to.states;
      inner.#to.never = this.#to.never;
      inner.#to.neverWhy = this.#to.neverWhy;
      inner.#to.comment = this.#to.comment;
      inner.#to.over = this.#to.over;
      inner.#to.skips.push(...this.#to.skips);
      if (state && keyWords(element)[0] !== '*')
        inner.#to.state([(keyWords(element)[0] ?? '').toUpperCase()], false);
      const words = keyWords(element);
      if (words.length === 1 && words[0] === 'lo' && selector.fields[0] === 'in')
        inner.#to.never ??= 'loopback';
      if (verdict === null || box === undefined) {
        this.#say(`${textOf(element.key)} : ${textOf(nodes)}: no equivalent: it is left out`);
        continue;
      }
      this.#rules.push(inner.#rule(verdict.target, verdict.problem));
    }
  }

  #flags(
    mask: readonly Node[] | null,
    operator: string,
    written: boolean,
    value: readonly Node[],
  ): boolean {
    this.#to.and({ proto: [[6n, 6n]] });
    const bits = (nodes: readonly Node[]): number | null => {
      let sum = 0;
      for (const node of nodes) {
        const one =
          node.kind === 'group'
            ? bits(node.nodes.filter((inner) => !['|', ','].includes(wordOf(inner))))
            : node.kind === 'word'
              ? (EXTRA.get(node.text) ?? flagBits(node.text.toUpperCase()))
              : null;
        if (one === null) return null;
        sum |= one;
      }
      return sum;
    };
    // `tcp flags syn / syn,ack` is `tcp flags & (syn|ack) == syn`.
    const slash = value.findIndex((node) => wordOf(node) === '/');
    if (slash >= 0) return false;
    if (this.#peek() === '/') {
      this.#at++;
      const care = bits(this.#value());
      const want = bits(value);
      if (care === null || want === null) return false;
      return this.#flagBits(flagSet(care, want, operator === '!='));
    }
    const [first] = value;
    if (value.length === 1 && first?.kind === 'set') {
      let set = 0n;
      for (const { key } of first.elements) {
        const one = bits(key.filter((node) => !['|', ','].includes(wordOf(node))));
        if (one === null) return false;
        set |= flagSet(mask === null ? 255 : (bits(mask) ?? 255), one, false);
      }
      return this.#flagBits(operator === '!=' ? ((1n << 256n) - 1n) & ~set : set);
    }
    const want = bits(value);
    if (want === null) return false;
    if (mask !== null) {
      const care = bits(mask);
      return care !== null && this.#flagBits(flagSet(care, want, operator === '!='));
    }
    if (operator === '!') return this.#flagBits(flagSet(want, 0, false));
    if (!written) return this.#flagBits(flagSet(want, 0, true));
    return this.#flagBits(flagSet(255, want, operator === '!='));
  }

  #flagBits(flags: bigint): boolean {
    if (flags === 0n) this.#to.boxes = [];
    else this.#to.and({ flags });
    return true;
  }

  #special(
    what: string,
    text: string,
    negated: boolean,
    operator: string,
    value: readonly Node[],
    shown: string,
  ): void {
    const to = this.#to;
    const { addressTypes, marks, translated } = this.#around;
    const words = this.#elements(value)?.elements.map((one) => keyWords(one)[0] ?? '') ?? [];
    const never = (why: string): void => {
      to.never = 'other';
      to.neverWhy = `${shown}: ${why}`;
    };
    switch (what) {
      case 'mark': {
        const zero = words.some((word) => numberOf(word, 0xffffffff) === 0);
        if (marks || !['==', '!=', '!', 'in'].includes(operator)) to.cannot(shown);
        else if (zero === negated) never('nothing in the file sets marks');
        return;
      }
      case 'direction':
        if (words.includes('original') === negated) to.never = 'sessions';
        return;
      case 'status':
        if (translated || words.some((word) => word !== 'dnat' && word !== 'snat'))
          to.cannot(shown);
        else if (!negated) never('nothing in the file translates');
        return;
      case 'pkttype':
      case 'fib': {
        const end = / saddr/.test(text) ? 'src' : 'dst';
        if (what === 'fib' && !/ type$/.test(text)) {
          // The route back to the source is looked at where the appliance is told to.
          if (end === 'src' && / oif$/.test(text)) never('settings.reverse-path checks sources');
          else to.cannot(shown);
          return;
        }
        const ranges = words.map((word) =>
          addressTypes.get(what === 'fib' ? word.toUpperCase() : (TYPES.get(word) ?? '')),
        );
        if (ranges.length === 0 || ranges.some((one) => one === undefined)) to.cannot(shown);
        else to.addresses(end, rangesOf(ranges.flatMap((one) => one ?? [])), negated);
        return;
      }
      default:
        to.cannot(shown);
    }
  }
}

const EXTRA = new Map([
  ['ecn', 64],
  ['ece', 64],
  ['cwr', 128],
]);
const NAMED = new Map([
  ['eq', '=='],
  ['ne', '!='],
  ['lt', '<'],
  ['gt', '>'],
  ['le', '<='],
  ['ge', '>='],
]);
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
const TYPES = new Map([
  ['broadcast', 'BROADCAST'],
  ['multicast', 'MULTICAST'],
  ['unicast', 'UNICAST'],
  ['host', 'UNICAST'],
]);

function shownSelector(selector: Selector): string {
  if (selector.kind === 'flags') return 'tcp flags';
  return selector.kind === 'fields' ? selector.fields.join(' . ') : selector.text;
}

/** `10/second` as rules write it, or null: rates of bytes are something else. */
function rateOf(text: string): string | null {
  const [, count = '', unit = ''] = /^(\d{1,9})\/(second|minute|hour|day|week)$/.exec(text) ?? [];
  if (count === '' || Number(count) === 0) return null;
  return unit === 'week'
    ? `${Math.max(1, Math.floor(Number(count) / 7))}/d`
    : `${Number(count)}/${unit[0] ?? 's'}`;
}
