// SPDX-License-Identifier: BSD-3-Clause
import { EVERYTHING, intersect } from '../shared/box.js';
import { Conditions } from '../shared/conditions.js';
import { outcomeOf } from '../shared/outcome.js';
import type { RejectWith, Rule, Target } from '../shared/rule.js';
import type { Around } from './around.js';
import { Cursor } from './cursor.js';
import { Fields } from './fields.js';
import { matchFlags } from './flags.js';
import { dynamicLimit, readLimit } from './limits.js';
import type { Chain, Node, Statement } from './ruleset.js';
import { selectorAt, textOf, type Selector } from './selectors.js';
import { matchSpecial } from './special.js';
import { keyWords, wordOf } from './values.js';

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
  readonly #cursor: Cursor;
  readonly #to: Conditions<Around>;
  readonly #fields: Fields;
  readonly #around: Around;
  readonly #base: Pick<Rule, 'chain' | 'number' | 'line' | 'text'>;
  readonly #place: string | null;
  readonly #rules: Rule[] = [];

  constructor(
    line: number,
    place: string | null,
    nodes: readonly Node[],
    text: string,
    chain: Chain,
    number: number,
    around: Around,
  ) {
    this.#cursor = new Cursor(nodes);
    this.#around = around;
    this.#place = place;
    this.#to = new Conditions(around, line);
    this.#fields = new Fields(this.#to);
    this.#base = { chain: chain.name, number, line, text };
    const at = nodes.findIndex((node) => wordOf(node) === 'comment');
    if (at >= 0) this.#to.comment = wordOf(nodes[at + 1]) || null;
  }

  read(): Read {
    let counted = false;
    while (!this.#cursor.done) {
      const word = this.#cursor.keyword();
      switch (word) {
        case 'counter':
          counted = true;
          this.#cursor.at++;
          if (this.#cursor.peek() === 'name') this.#cursor.at += 2;
          while (this.#cursor.peek() === 'packets' || this.#cursor.peek() === 'bytes')
            this.#cursor.at += 2;
          continue;
        case 'comment':
          this.#cursor.at += 2;
          continue;
        case 'log':
          this.#log();
          continue;
        case 'limit':
          this.#cursor.at++;
          readLimit(this.#to, this.#cursor);
          continue;
        case 'meter':
          this.#cursor.at += 2;
          continue;
      }
      const verdict = this.#verdict(word);
      if (verdict !== null) {
        this.#rules.push(this.#rule(verdict.target, verdict.problem));
        return { rules: this.#rules, nat: null };
      }
      if (NAT.has(word)) {
        const rule = this.#rule({ kind: 'pass' }, null);
        const rest = this.#cursor.nodes.slice(this.#cursor.at + 1);
        return { rules: this.#rules, nat: { rule, translation: { kind: word, nodes: rest } } };
      }
      if (this.#passing(word)) continue;
      const selected = selectorAt(this.#cursor.nodes, this.#cursor.at);
      if (selected === null) {
        this.#to.cannot(textOf(this.#cursor.nodes.slice(this.#cursor.at)));
        break;
      }
      this.#cursor.at += selected.length;
      if (this.#cursor.peek() === 'set') {
        this.#say(
          `${textOf(this.#cursor.nodes.slice(this.#cursor.at - selected.length))}: no equivalent: it is left out`,
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
        const name = wordOf(this.#cursor.nodes[this.#cursor.at + 1]);
        if (this.#around.table.chains.has(name))
          return good({ kind: 'chain', name, goto: word === 'goto' });
        return {
          target: { kind: 'deny', with: null },
          problem: `there is no chain '${name}': what goes there is denied`,
        };
      }
      case 'reject': {
        const rest = textOf(this.#cursor.nodes.slice(this.#cursor.at + 1));
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
    const set = this.#cursor.nodes.slice(this.#cursor.at).find((node) => node.kind === 'set');
    const [element] = set?.kind === 'set' ? set.elements : [];
    const inner = element?.key ?? [];
    const text = textOf(this.#cursor.nodes.slice(this.#cursor.at));
    const limit = inner.findIndex((node) => wordOf(node) === 'limit');
    const count = inner.findIndex((node) => wordOf(node) === 'count');
    const bySource = inner.length > 1 && wordOf(inner[1]) === 'saddr' && wordOf(inner[2]) !== '.';
    if (['add', 'update', 'set'].includes(word) && (limit >= 0 || count >= 0)) {
      const end = this.#cursor.nodes.indexOf(set as Node) + 1;
      dynamicLimit(this.#to, inner, limit, count, bySource, text);
      this.#cursor.at = end;
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
    this.#cursor.at++;
    while (this.#cursor.at < this.#cursor.nodes.length && !verdicts.includes(this.#cursor.peek()))
      this.#cursor.at++;
    return true;
  }

  #log(): void {
    this.#cursor.at++;
    let prefix: string | null = null;
    for (;;) {
      const word = this.#cursor.peek();
      if (word === 'prefix') {
        this.#cursor.at++;
        prefix = wordOf(this.#cursor.next()).trim();
      } else if (['level', 'group', 'snaplen', 'queue-threshold'].includes(word))
        this.#cursor.at += 2;
      else if (word === 'flags') {
        this.#cursor.at += 2;
        while (['sequence', 'options', ','].includes(this.#cursor.peek())) this.#cursor.at++;
      } else break;
    }
    this.#rules.push(this.#rule({ kind: 'log', prefix }, null));
  }

  /** Reads what stands behind a selector; true when the rule is done, by a verdict map. */
  #match(selector: Selector): boolean {
    const from = this.#cursor.at;
    const mask = this.#cursor.mask();
    let operator = '==';
    let written = false;
    if (
      ['==', '!=', '<', '>', '<=', '>=', '!', 'in', 'eq', 'ne', 'lt', 'gt', 'le', 'ge'].includes(
        this.#cursor.peek(),
      ) &&
      !this.#cursor.quoted()
    ) {
      operator = NAMED.get(this.#cursor.peek()) ?? this.#cursor.peek();
      written = true;
      this.#cursor.at++;
    }
    if (this.#cursor.peek() === 'vmap' && !this.#cursor.quoted()) {
      this.#cursor.at++;
      this.#verdicts(selector, this.#cursor.next());
      return true;
    }
    const value = this.#cursor.value();
    const shown = (): string =>
      `${shownSelector(selector)} ${textOf(this.#cursor.nodes.slice(from, this.#cursor.at))}`;
    const negated = operator === '!=' || operator === '!';
    switch (selector.kind) {
      case 'unknown':
        this.#to.cannot(shown());
        return false;
      case 'flags':
        if (!matchFlags(this.#to, this.#cursor, mask, operator, written, value))
          this.#to.cannot(shown());
        return false;
      case 'special':
        matchSpecial(
          this.#to,
          selector.what,
          selector.text,
          negated,
          operator,
          this.#words(value),
          shown(),
        );
        return false;
      case 'fields': {
        this.#fields.implied(selector.implied);
        const { fields } = selector;
        const [only] = fields;
        if (this.#to.boxes.length === 0) return false;
        if (
          mask !== null ||
          only === undefined ||
          !this.#fields.match(fields, operator, negated, value)
        )
          this.#to.cannot(shown());
        return false;
      }
    }
  }

  /** The first words of a value's elements. */
  #words(value: readonly Node[]): string[] {
    return this.#fields.elements(value)?.elements.map((one) => keyWords(one)[0] ?? '') ?? [];
  }

  /** Each element of a verdict map is a rule. */
  #verdicts(selector: Selector, map: Node | undefined): void {
    const found = map === undefined ? null : this.#fields.elements([map]);
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
    this.#fields.implied(selector.implied);
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
      const box = state ? EVERYTHING : this.#fields.box(selector.fields, element);
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
}

const NAMED = new Map([
  ['eq', '=='],
  ['ne', '!='],
  ['lt', '<'],
  ['gt', '>'],
  ['le', '<='],
  ['ge', '>='],
]);
function shownSelector(selector: Selector): string {
  if (selector.kind === 'flags') return 'tcp flags';
  return selector.kind === 'fields' ? selector.fields.join(' . ') : selector.text;
}
