// SPDX-License-Identifier: BSD-3-Clause

/** A word of a line, without its quotes; offsets are those of the line. */
export interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Whether any of it stood in quotes: such a word is no keyword. */
  readonly quoted: boolean;
}

/** A line as it is read: a command, what its output is piped through, and a quote left open. */
export interface Line {
  readonly text: string;
  readonly command: readonly Word[];
  readonly pipes: readonly Pipe[];
  /** Offset of a quote without its end, or null. */
  readonly open: number | null;
}

export interface Pipe {
  /** Offset of the bar. */
  readonly at: number;
  readonly words: readonly Word[];
}

/**
 * Words of a line. Quotes hold spaces, a backslash in double ones the next character; a bar that
 * begins a word is a pipe, one inside a word is part of it (`match a|b`). `#` begins a comment where
 * the line does.
 */
export function readLine(text: string): Line {
  const command: Word[] = [];
  const pipes: { at: number; words: Word[] }[] = [];
  let words = command;
  let at = 0;
  if (/^\s*#/.test(text)) return { text, command, pipes, open: null };
  while (at < text.length) {
    if (isSpace(text[at])) {
      at++;
    } else if (text[at] === '|') {
      pipes.push({ at, words: (words = []) });
      at++;
    } else {
      const { word, open } = readWord(text, at);
      words.push(word);
      if (open !== null) return { text, command, pipes, open };
      at = word.end;
    }
  }
  return { text, command, pipes, open: null };
}

function readWord(text: string, start: number): { word: Word; open: number | null } {
  let value = '';
  let quoted = false;
  let at = start;
  for (; at < text.length && !isSpace(text[at]); at++) {
    const quote = text.charAt(at);
    if (quote !== '"' && quote !== "'") {
      value += quote;
      continue;
    }
    quoted = true;
    const opened = at++;
    for (; at < text.length && text[at] !== quote; at++) {
      if (quote === '"' && text[at] === '\\' && at + 1 < text.length) at++;
      value += text.charAt(at);
    }
    if (at >= text.length)
      return { word: { text: value, start, end: text.length, quoted }, open: opened };
  }
  return { word: { text: value, start, end: at, quoted }, open: null };
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}

/** A word as one would type it: in quotes where it has to be. */
export function quoted(text: string): string {
  return text !== '' && /^[^\s"'|#\\][^\s"']*$/.test(text)
    ? text
    : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
