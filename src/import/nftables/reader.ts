// SPDX-License-Identifier: BSD-3-Clause
import type { Problem } from '../imported.js';
import type { Element, Node, Source, Statement } from './ruleset.js';
import { END, tokensOf, type Origin, type Token } from './tokens.js';

/** Of what is read past the end. */
const OUTSIDE: Origin = { path: '', by: null, shown: null };
/** Files in all; more come of a few that include each other again and again. */
const MOST_INCLUDES = 1000;
const MOST_DEPTH = 32;

/** Tokens of a ruleset one by one, statements and sets whole, definitions and includes in place. */
export class Reader {
  readonly problems: Problem[] = [];
  readonly defines = new Map<string, readonly Node[]>();
  readonly #source: Source;
  #tokens: readonly Token[];
  #included = 0;
  #at = 0;

  constructor(text: string, source: Source) {
    this.#source = source;
    this.#tokens = tokensOf(text, { path: source.file ?? '', by: null, shown: null });
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** What a file holds stands where it is included: the absolute path, then the including file's folder. */
  include(at: Token): void {
    const path = this.next().text;
    const { path: file } = at.from;
    const folder = file.slice(0, file.lastIndexOf('/') + 1);
    const base = path.slice(path.lastIndexOf('/') + 1);
    const ways = path.startsWith('/') ? [path, folder + base] : [folder + path, folder + base];
    const pattern = /[*?[]/.test(base);
    const found = ways
      .map((way) => (pattern ? (this.#source.list?.(way) ?? []) : [way]))
      .map((names) => names.map((name) => ({ name, text: this.#source.read?.(name) ?? null })))
      .find((files) => files.some(({ text }) => text !== null));
    if (found === undefined) {
      const why = pattern ? 'no file has such a name' : 'there is no such file';
      this.problem(at, `include "${path}": ${why}: it is left out`);
      return;
    }
    const tokens = found.flatMap(({ name, text }) => {
      if (text === null) return [];
      const problem = isWithin(at.from, name)
        ? 'it includes itself'
        : ++this.#included > MOST_INCLUDES
          ? `more than ${MOST_INCLUDES} files`
          : null;
      if (problem !== null) {
        this.problem(at, `include "${path}": ${problem}: it is left out`);
        return [];
      }
      const shown = { name: name.slice(name.lastIndexOf('/') + 1), line: at.line };
      return tokensOf(text, { path: name, by: at.from, shown });
    });
    // What has been read is not asked for again.
    this.#tokens = tokens.concat(this.#tokens.slice(this.#at));
    this.#at = 0;
  }

  peek(): string {
    const token = this.#tokens[this.#at];
    return token === undefined ? '' : token.quoted ? `"${token.text}` : token.text;
  }

  ahead(count: number): string {
    return this.#tokens[this.#at + count]?.text ?? '';
  }

  next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined)
      return {
        text: '',
        quoted: false,
        line: this.#tokens.at(-1)?.line ?? 1,
        place: null,
        from: OUTSIDE,
      };
    this.#at++;
    return token;
  }

  /** To the end of the line, or of the braces that begin on it. */
  skip(): void {
    let open = 0;
    while (this.#at < this.#tokens.length) {
      const text = this.peek();
      if (open === 0 && (text === END || text === ';' || text === '}')) return;
      if (text === '{') open++;
      else if (text === '}') open--;
      this.#at++;
    }
  }

  define(at: Token): void {
    const name = this.next().text;
    if (this.next().text !== '=') {
      this.problem(at, `define ${name}: it is not understood and left out`);
      this.skip();
      return;
    }
    this.defines.set(name, this.nodes());
  }

  statement(): Statement | null {
    const from = this.#at;
    const first = this.#tokens[from];
    const nodes = this.nodes();
    if (nodes.length === 0 || first === undefined) {
      if (this.#at === from) this.next();
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
  nodes(plain = false): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const text = this.peek();
      if (text === END || text === ';' || text === '}' || text === '') return nodes;
      nodes.push(...this.#node(0, plain));
    }
  }

  #node(depth: number, plain = false): readonly Node[] {
    const token = this.next();
    if (token.quoted) return [{ kind: 'word', text: token.text, quoted: true }];
    if (token.text === '{' && depth < MOST_DEPTH) return [this.#set(depth)];
    if (token.text === '(' && depth < MOST_DEPTH) {
      const nodes: Node[] = [];
      while (!['', ')', END].includes(this.peek())) nodes.push(...this.#node(depth + 1));
      this.next();
      return [{ kind: 'group', nodes }];
    }
    if (token.text.startsWith('$') && !plain) {
      const value = this.defines.get(token.text.slice(1));
      if (value !== undefined) return value;
      this.problem(token, `${token.text} is not defined: what it stands in is not understood`);
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
      const text = this.peek();
      if (text === END || text === ';') this.next();
      else if (text === '}') break;
      else if (text === ',') {
        this.next();
        done();
      } else if (text === ':' && value === null) {
        this.next();
        value = [];
      } else {
        const nodes = this.#node(depth + 1);
        if (value === null) key.push(...nodes);
        else value.push(...nodes);
      }
    }
    this.next();
    done();
    return { kind: 'set', elements };
  }

  problem({ line, place }: Token, message: string): void {
    this.problems.push({ line, message: place === null ? message : `${place}: ${message}` });
  }
}

/** Whether a file is read to include what comes from `origin`. */
function isWithin(origin: Origin, file: string): boolean {
  for (let at: Origin | null = origin; at !== null; at = at.by) if (at.path === file) return true;
  return false;
}
