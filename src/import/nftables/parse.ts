// SPDX-License-Identifier: BSD-3-Clause
import type { Problem } from '../imported.js';
import { END, tokensOf, type Token } from './tokens.js';

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
}

const FAMILIES = new Set(['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']);
const MOST_INCLUDES = 16;
const MOST_DEPTH = 32;
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
  return new Parser(source).parse(text);
}

class Parser {
  readonly #source: Source;
  readonly #tables: Table[] = [];
  readonly #problems: Problem[] = [];
  readonly #defines = new Map<string, readonly Node[]>();
  #tokens: readonly Token[] = [];
  #at = 0;
  #depth = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  parse(text: string): Ruleset {
    this.#file(tokensOf(text, null), this.#source.file ?? '');
    return {
      tables: this.#tables,
      problems: this.#problems,
      defines: this.#defines.size > 0,
    };
  }

  #file(tokens: readonly Token[], file: string): void {
    const outer = { tokens: this.#tokens, at: this.#at };
    this.#tokens = tokens;
    this.#at = 0;
    while (this.#at < tokens.length) this.#top(file);
    this.#tokens = outer.tokens;
    this.#at = outer.at;
  }

  #top(file: string): void {
    const first = this.#next();
    switch (first.text) {
      case END:
      case ';':
        return;
      case 'include':
        this.#include(first, file);
        return;
      case 'define':
      case 'redefine':
        this.#define(first);
        return;
      case 'undefine':
        this.#defines.delete(this.#next().text);
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
        this.#skip();
        return;
      default:
        this.#problem(first, `'${first.text}' is no command of nft: it is left out`);
        this.#skip();
    }
  }

  /** The absolute path, then the including file's folder. */
  #include(at: Token, file: string): void {
    const path = this.#next().text;
    const slash = file.lastIndexOf('/');
    const folder = slash < 0 ? '' : file.slice(0, slash + 1);
    const base = path.slice(path.lastIndexOf('/') + 1);
    const ways = path.startsWith('/') ? [path, folder + base] : [folder + path, folder + base];
    const found = ways
      .map((way) => ({ way, text: this.#source.read?.(way) ?? null }))
      .find(({ text }) => text !== null);
    if (found === undefined || found.text === null) {
      this.#problem(at, `include "${path}": there is no such file: it is left out`);
      return;
    }
    if (++this.#depth > MOST_INCLUDES) {
      this.#problem(at, `include "${path}": more than ${MOST_INCLUDES} deep: it is left out`);
    } else this.#file(tokensOf(found.text, { name: base, line: at.line }), found.way);
    this.#depth--;
  }

  #define(at: Token): void {
    const name = this.#next().text;
    if (this.#next().text !== '=') {
      this.#problem(at, `define ${name}: it is not understood and left out`);
      this.#skip();
      return;
    }
    this.#defines.set(name, this.#nodes());
  }

  #table(at: Token): void {
    const table = this.#named(at.line);
    if (this.#peek() !== '{') return;
    this.#next();
    while (this.#at < this.#tokens.length) {
      const token = this.#next();
      if (token.text === '}') return;
      if (token.text === END || token.text === ';') continue;
      switch (token.text) {
        case 'chain':
          this.#chain(this.#chainOf(table, this.#next().text, token.line));
          break;
        case 'set':
        case 'map':
          this.#collection(this.#setOf(table, this.#next().text, token.line), token);
          break;
        case 'limit':
          this.#limit(table, this.#next().text);
          break;
        case 'counter':
        case 'comment':
          this.#skip();
          break;
        case 'define':
          this.#define(token);
          break;
        case 'include':
          this.#inside(token, table);
          break;
        case 'flags':
          if (this.#nodes().some((node) => node.kind === 'word' && node.text === 'dormant'))
            this.#problem(token, 'the table is dormant: that is not looked at');
          break;
        default:
          this.#problem(token, `${token.text} ${this.#peek()}: no equivalent: it is left out`);
          this.#skip();
      }
    }
  }

  /** An include in a table: what it holds stands there. */
  #inside(at: Token, { family, name }: Table): void {
    const path = this.#next().text;
    this.#problem(at, `include "${path}" in table ${family} ${name}: it is left out`);
  }

  /** `[FAMILY] NAME` of a table, which is made if there is none. */
  #named(line: number): Table {
    const word = this.#next().text;
    const family = FAMILIES.has(word) ? word : 'ip';
    const name = FAMILIES.has(word) ? this.#next().text : word;
    const known = this.#tables.find((one) => one.family === family && one.name === name);
    if (known !== undefined) return known;
    const table = { family, name, line, chains: new Map(), sets: new Map(), limits: new Map() };
    this.#tables.push(table);
    return table;
  }

  /** `add table|chain|rule|set|map|element …`. */
  #command(first: Token): void {
    let kind = this.#next();
    if (kind.text === END) return;
    // `add` may be left out, and then this is what is added to.
    if (
      !['table', 'chain', 'rule', 'set', 'map', 'element', 'counter', 'limit'].includes(kind.text)
    ) {
      this.#problem(kind, `${first.text} ${kind.text}: no equivalent: it is left out`);
      this.#skip();
      return;
    }
    if (kind.text === 'table') {
      this.#table(kind);
      return;
    }
    const table = this.#named(kind.line);
    const name = this.#next();
    kind = { ...kind, line: name.line };
    switch (first.text === 'insert' ? 'insert' : kindOf(this.#tokens, this.#at, kind.text)) {
      case 'chain':
        this.#chain(this.#chainOf(table, name.text, name.line));
        return;
      case 'rule':
      case 'insert': {
        const chain = this.#chainOf(table, name.text, name.line);
        if (this.#peek() === 'position' || this.#peek() === 'index' || this.#peek() === 'handle') {
          this.#problem(name, 'a place among the rules is not looked at');
          this.#next();
          this.#next();
        }
        const statement = this.#statement();
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
        const [node] = this.#nodes();
        if (node?.kind === 'set')
          this.#setOf(table, name.text, name.line).elements.push(...node.elements);
        return;
      }
      case 'limit':
        this.#limit(table, name.text);
        return;
      default:
        this.#skip();
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
    if (this.#peek() !== '{') return;
    this.#next();
    while (this.#at < this.#tokens.length) {
      const text = this.#peek();
      if (text === '}') {
        this.#next();
        return;
      }
      if (text === END || text === ';') {
        this.#next();
        continue;
      }
      if (text === 'type' && HOOKED.test(this.#ahead(2))) this.#hook(chain);
      else if (text === 'policy') {
        this.#next();
        this.#policy(chain);
      } else if (text === 'comment' && this.#ahead(2) !== '') this.#skip();
      else {
        const statement = this.#statement();
        if (statement !== null) chain.rules.push(statement);
      }
    }
  }

  /** `type TYPE hook HOOK [device …] priority PRIORITY; [policy POLICY;]` */
  #hook(chain: Chain): void {
    this.#next();
    chain.type = this.#next().text;
    this.#next();
    chain.hook = this.#next().text;
    const nodes = this.#nodes();
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
    const [node] = this.#nodes();
    chain.policy = node?.kind === 'word' && node.text === 'drop' ? 'drop' : 'accept';
  }

  #collection(set: Collection, at: Token): void {
    if (this.#peek() !== '{') return;
    this.#next();
    while (this.#at < this.#tokens.length) {
      const token = this.#next();
      if (token.text === '}') return;
      if (token.text === END || token.text === ';') continue;
      if (token.text === 'type' || token.text === 'typeof') {
        const words = this.#nodes(true);
        set.type = words.map((node) => (node.kind === 'word' ? node.text : '')).join(' ');
      } else if (token.text === 'elements') {
        this.#next();
        const nodes = this.#nodes();
        for (const node of nodes) if (node.kind === 'set') set.elements.push(...node.elements);
        if (nodes.length > 1)
          this.#problem(at, `the elements of ${set.name} are not all understood`);
      } else this.#nodes();
    }
  }

  #limit(table: Table, name: string): void {
    if (this.#peek() !== '{') return;
    const [set] = this.#nodes();
    const key = set?.kind === 'set' ? (set.elements[0]?.key ?? []) : [];
    table.limits.set(name, key);
  }

  #statement(): Statement | null {
    const from = this.#at;
    const first = this.#tokens[from];
    const nodes = this.#nodes();
    if (nodes.length === 0 || first === undefined) {
      if (this.#at === from) this.#next();
      return null;
    }
    const text = this.#tokens
      .slice(from, this.#at)
      .map(({ text: one, quoted }) => (quoted ? `"${one}"` : one === END ? '' : one))
      .filter((one) => one !== '')
      .join(' ');
    return { line: first.line, place: first.place, nodes, text };
  }

  /** Up to the end of the statement. */
  #nodes(plain = false): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const text = this.#peek();
      if (text === END || text === ';' || text === '}' || text === '') return nodes;
      nodes.push(...this.#node(0, plain));
    }
  }

  #node(depth: number, plain = false): readonly Node[] {
    const token = this.#next();
    if (token.quoted) return [{ kind: 'word', text: token.text, quoted: true }];
    if (token.text === '{' && depth < MOST_DEPTH) return [this.#set(depth)];
    if (token.text === '(' && depth < MOST_DEPTH) {
      const nodes: Node[] = [];
      while (!['', ')', END].includes(this.#peek())) nodes.push(...this.#node(depth + 1));
      this.#next();
      return [{ kind: 'group', nodes }];
    }
    if (token.text.startsWith('$') && !plain) {
      const value = this.#defines.get(token.text.slice(1));
      if (value !== undefined) return value;
      this.#problem(token, `${token.text} is not defined: what it stands in is not understood`);
    }
    return [{ kind: 'word', text: token.text, quoted: false }];
  }

  #set(depth: number): Node {
    const elements: Element[] = [];
    let key: Node[] = [];
    let value: Node[] | null = null;
    const done = (): void => {
      const [only] = key;
      // A set in a set, as definitions bring them, is its elements.
      if (key.length === 1 && only?.kind === 'set' && value === null)
        elements.push(...only.elements);
      else if (key.length > 0) elements.push({ key, value });
      key = [];
      value = null;
    };
    while (this.#at < this.#tokens.length) {
      const text = this.#peek();
      if (text === END || text === ';') this.#next();
      else if (text === '}') break;
      else if (text === ',') {
        this.#next();
        done();
      } else if (text === ':' && value === null) {
        this.#next();
        value = [];
      } else {
        const nodes = this.#node(depth + 1);
        if (value === null) key.push(...nodes);
        else value.push(...nodes);
      }
    }
    this.#next();
    done();
    return { kind: 'set', elements };
  }

  #peek(): string {
    const token = this.#tokens[this.#at];
    return token === undefined ? '' : token.quoted ? `"${token.text}` : token.text;
  }

  #ahead(count: number): string {
    return this.#tokens[this.#at + count]?.text ?? '';
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined)
      return { text: '', quoted: false, line: this.#tokens.at(-1)?.line ?? 1, place: null };
    this.#at++;
    return token;
  }

  /** To the end of the line, or of the braces that begin on it. */
  #skip(): void {
    let open = 0;
    while (this.#at < this.#tokens.length) {
      const text = this.#peek();
      if (open === 0 && (text === END || text === ';' || text === '}')) return;
      if (text === '{') open++;
      else if (text === '}') open--;
      this.#at++;
    }
  }

  #problem({ line, place }: Token, message: string): void {
    this.#problems.push({ line, message: place === null ? message : `${place}: ${message}` });
  }
}

const HOOKED = /^hook$/;

function kindOf(tokens: readonly Token[], at: number, kind: string): string {
  return tokens[at] === undefined ? '' : kind;
}
