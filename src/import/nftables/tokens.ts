// SPDX-License-Identifier: BSD-3-Clause

/** Where tokens come from. */
export interface Origin {
  /** As it was opened: what it includes may lie beside it. */
  readonly path: string;
  /** What includes it. */
  readonly by: Origin | null;
  /** How messages call it, and the line of the include; null for the file that is imported. */
  readonly shown: { readonly name: string; readonly line: number } | null;
}

/** A word, a quoted string, or one of `{ } ( ) , ; : = == != < > <= >= & | ^ /` and the end of a line. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
  /** Of the file that is imported; inside an included one, the line of the include. */
  readonly line: number;
  /** Where it is in an included file: `NAME:LINE`. */
  readonly place: string | null;
  readonly from: Origin;
}

export const END = '\n';

const SYMBOL = /^(?:==|!=|<=|>=|<<|>>|[{}(),;=<>&|^!])/;
const WORD = /^[^\s{}(),;=<>&|^!"#\\]+/;

/** Cuts a ruleset into tokens; comments are gone, and lines that go on behind a backslash are one. */
export function tokensOf(text: string, from: Origin): Token[] {
  const { shown } = from;
  const tokens: Token[] = [];
  let line = 1;
  let rest = text;
  const push = (one: string, quoted = false): void => {
    tokens.push({
      text: one,
      quoted,
      line: shown?.line ?? line,
      place: shown === null ? null : `${shown.name}:${line}`,
      from,
    });
  };
  const take = (length: number): void => {
    rest = rest.slice(length);
  };
  while (rest !== '') {
    const c = rest[0] as string;
    if (c === '\n') {
      push(END);
      line++;
      take(1);
    } else if (/^\\[ \t]*\r?\n/.test(rest)) {
      take(rest.indexOf('\n') + 1);
      line++;
    } else if (c === '#') {
      const end = rest.indexOf('\n');
      take(end < 0 ? rest.length : end);
    } else if (c === '"') {
      const end = rest.indexOf('"', 1);
      const string = rest.slice(1, end < 0 ? rest.length : end);
      push(string, true);
      line += string.split('\n').length - 1;
      take(string.length + (end < 0 ? 1 : 2));
    } else {
      const symbol = SYMBOL.exec(rest)?.[0];
      if (symbol !== undefined) {
        push(symbol);
        take(symbol.length);
        continue;
      }
      const word = WORD.exec(rest)?.[0];
      if (word === undefined) take(1);
      else {
        // A colon that stands at the end parts a key from its value.
        const bare =
          word.length > 1 && word.endsWith(':') && !word.endsWith('::') ? word.slice(0, -1) : word;
        push(bare);
        if (bare !== word) push(':');
        take(word.length);
      }
    }
  }
  push(END);
  return tokens;
}
