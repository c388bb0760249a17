// SPDX-License-Identifier: BSD-3-Clause
import { Reader } from './reader.js';
import type { Chain, Collection, Ruleset, Source, Table } from './ruleset.js';
import { END, type Token } from './tokens.js';

const FAMILIES = new Set(['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']);
/** By name, those of inet, ip and ip6. */
const PRIORITIES = new Map([
  ['raw', -300],
  ['mangle', -150],
  ['dstnat', -100],
  ['filter', 0],
  ['security', 50],
  ['srcnat', 100],
]);

/** Reads what `nft list ruleset` prints, and files that people wrote for `nft -f`. */
export function parseRuleset(text: string, source: Source): Ruleset {
  return new Parser(new Reader(text, source)).parse();
}

class Parser {
  readonly #in: Reader;
  readonly #tables: Table[] = [];

  constructor(from: Reader) {
    this.#in = from;
  }

  parse(): Ruleset {
    while (!this.#in.done) this.#top();
    const { problems, defines } = this.#in;
    return { tables: this.#tables, problems, defines: defines.size > 0 };
  }

  #top(): void {
    const first = this.#in.next();
    switch (first.text) {
      case END:
      case ';':
        return;
      case 'include':
        this.#in.include(first);
        return;
      case 'define':
      case 'redefine':
        this.#in.define(first);
        return;
      case 'undefine':
        this.#in.defines.delete(this.#in.next().text);
        return;
      case 'table':
        this.#table(first);
        return;
      case 'add':
      case 'create':
      case 'insert':
        this.#command(first);
        return;
      // What is loaded starts from nothing in any case.
      case 'flush':
      case 'delete':
      case 'destroy':
      case 'reset':
        this.#in.skip();
        return;
      default:
        this.#in.problem(first, `'${first.text}' is no command of nft: it is left out`);
        this.#in.skip();
    }
  }

  #table(at: Token): void {
    const table = this.#named(at.line);
    if (this.#in.peek() !== '{') return;
    this.#in.next();
    while (!this.#in.done) {
      const token = this.#in.next();
      if (token.text === '}') return;
      if (token.text === END || token.text === ';') continue;
      switch (token.text) {
        case 'chain':
          this.#chain(this.#chainOf(table, this.#in.next().text, token.line));
          break;
        case 'set':
        case 'map':
          this.#collection(this.#setOf(table, this.#in.next().text, token.line), token);
          break;
        case 'limit':
          this.#limit(table, this.#in.next().text);
          break;
        case 'counter':
        case 'comment':
          this.#in.skip();
          break;
        case 'define':
          this.#in.define(token);
          break;
        case 'include':
          this.#in.include(token);
          break;
        case 'flags':
          if (this.#in.nodes().some((node) => node.kind === 'word' && node.text === 'dormant'))
            this.#in.problem(token, 'the table is dormant: that is not looked at');
          break;
        default:
          this.#in.problem(
            token,
            `${token.text} ${this.#in.peek()}: no equivalent: it is left out`,
          );
          this.#in.skip();
      }
    }
  }

  /** `[FAMILY] NAME` of a table, which is made if there is none. */
  #named(line: number): Table {
    const word = this.#in.next().text;
    const family = FAMILIES.has(word) ? word : 'ip';
    const name = FAMILIES.has(word) ? this.#in.next().text : word;
    const known = this.#tables.find((one) => one.family === family && one.name === name);
    if (known !== undefined) return known;
    const table = { family, name, line, chains: new Map(), sets: new Map(), limits: new Map() };
    this.#tables.push(table);
    return table;
  }

  /** `add table|chain|rule|set|map|element …`. */
  #command(first: Token): void {
    let kind = this.#in.next();
    if (kind.text === END) return;
    // `add` may be left out, and then this is what is added to.
    if (
      !['table', 'chain', 'rule', 'set', 'map', 'element', 'counter', 'limit'].includes(kind.text)
    ) {
      this.#in.problem(kind, `${first.text} ${kind.text}: no equivalent: it is left out`);
      this.#in.skip();
      return;
    }
    if (kind.text === 'table') {
      this.#table(kind);
      return;
    }
    const table = this.#named(kind.line);
    const name = this.#in.next();
    kind = { ...kind, line: name.line };
    switch (first.text === 'insert' ? 'insert' : this.#in.done ? '' : kind.text) {
      case 'chain':
        this.#chain(this.#chainOf(table, name.text, name.line));
        return;
      case 'rule':
      case 'insert': {
        const chain = this.#chainOf(table, name.text, name.line);
        if (
          this.#in.peek() === 'position' ||
          this.#in.peek() === 'index' ||
          this.#in.peek() === 'handle'
        ) {
          this.#in.problem(name, 'a place among the rules is not looked at');
          this.#in.next();
          this.#in.next();
        }
        const statement = this.#in.statement();
        if (statement === null) return;
        if (first.text === 'insert') chain.rules.unshift(statement);
        else chain.rules.push(statement);
        return;
      }
      case 'set':
      case 'map':
        this.#collection(this.#setOf(table, name.text, name.line), name);
        return;
      case 'element': {
        const [node] = this.#in.nodes();
        if (node?.kind === 'set')
          this.#setOf(table, name.text, name.line).elements.push(...node.elements);
        return;
      }
      case 'limit':
        this.#limit(table, name.text);
        return;
      default:
        this.#in.skip();
    }
  }

  #chainOf(table: Table, name: string, line: number): Chain {
    let chain = table.chains.get(name);
    if (chain === undefined) {
      chain = { name, line, type: null, hook: '', priority: 0, policy: 'accept', rules: [] };
      table.chains.set(name, chain);
    }
    return chain;
  }

  #setOf(table: Table, name: string, line: number): Collection {
    let set = table.sets.get(name);
    if (set === undefined) {
      set = { name, line, type: '', elements: [] };
      table.sets.set(name, set);
    }
    return set;
  }

  #chain(chain: Chain): void {
    if (this.#in.peek() !== '{') return;
    this.#in.next();
    while (!this.#in.done) {
      const text = this.#in.peek();
      if (text === '}') {
        this.#in.next();
        return;
      }
      if (text === END || text === ';') {
        this.#in.next();
        continue;
      }
      if (text === 'include') this.#in.include(this.#in.next());
      else if (text === 'type' && HOOKED.test(this.#in.ahead(2))) this.#hook(chain);
      else if (text === 'policy') {
        this.#in.next();
        this.#policy(chain);
      } else if (text === 'comment' && this.#in.ahead(2) !== '') this.#in.skip();
      else {
        const statement = this.#in.statement();
        if (statement !== null) chain.rules.push(statement);
      }
    }
  }

  /** `type TYPE hook HOOK [device …] priority PRIORITY; [policy POLICY;]` */
  #hook(chain: Chain): void {
    this.#in.next();
    chain.type = this.#in.next().text;
    this.#in.next();
    chain.hook = this.#in.next().text;
    const nodes = this.#in.nodes();
    const words = nodes.flatMap((node) => (node.kind === 'word' ? [node.text] : []));
    const at = words.indexOf('priority');
    const [base = '0', sign = '', offset = '0'] = words.slice(at + 1);
    const named = PRIORITIES.get(base.replace(/[+-]\d+$/, ''));
    const more = /[+-]\d+$/.exec(base)?.[0] ?? '0';
    chain.priority =
      named === undefined
        ? Number(base) || 0
        : named +
          Number(more) +
          (sign === '-' ? -Number(offset) : sign === '+' ? Number(offset) : 0);
    const policy = words.indexOf('policy');
    if (policy >= 0) chain.policy = words[policy + 1] === 'drop' ? 'drop' : 'accept';
  }

  #policy(chain: Chain): void {
    const [node] = this.#in.nodes();
    chain.policy = node?.kind === 'word' && node.text === 'drop' ? 'drop' : 'accept';
  }

  #collection(set: Collection, at: Token): void {
    if (this.#in.peek() !== '{') return;
    this.#in.next();
    while (!this.#in.done) {
      const token = this.#in.next();
      if (token.text === '}') return;
      if (token.text === END || token.text === ';') continue;
      if (token.text === 'type' || token.text === 'typeof') {
        const words = this.#in.nodes(true);
        set.type = words.map((node) => (node.kind === 'word' ? node.text : '')).join(' ');
      } else if (token.text === 'elements') {
        this.#in.next();
        const nodes = this.#in.nodes();
        for (const node of nodes) if (node.kind === 'set') set.elements.push(...node.elements);
        if (nodes.length > 1)
          this.#in.problem(at, `the elements of ${set.name} are not all understood`);
      } else if (token.text === 'include') this.#in.include(token);
      else this.#in.nodes();
    }
  }

  #limit(table: Table, name: string): void {
    if (this.#in.peek() !== '{') return;
    const [set] = this.#in.nodes();
    const key = set?.kind === 'set' ? (set.elements[0]?.key ?? []) : [];
    table.limits.set(name, key);
  }
}

const HOOKED = /^hook$/;
