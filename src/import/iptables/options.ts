// SPDX-License-Identifier: BSD-3-Clause
import type { Word } from './words.js';

/** `! --name ARG…`, or in old dumps `--name ! ARG…`. */
export interface Option {
  /** In its long form: `--source`. */
  readonly name: string;
  readonly negated: boolean;
  readonly args: readonly string[];
}

/** A match extension with its options; the name is empty for what needs no `-m`. */
export interface Match {
  readonly module: string;
  readonly options: readonly Option[];
}

export interface RuleParts {
  /** Options of iptables itself: addresses, protocol, interfaces, fragments. */
  readonly core: readonly Option[];
  readonly matches: readonly Match[];
  /** null counts only. */
  readonly target: {
    readonly name: string;
    readonly goto: boolean;
    readonly options: readonly Option[];
  } | null;
  /** Words that belong to nothing. */
  readonly stray: readonly string[];
}

const LONG = new Map([
  ['-s', '--source'],
  ['--src', '--source'],
  ['-d', '--destination'],
  ['--dst', '--destination'],
  ['-p', '--protocol'],
  ['--proto', '--protocol'],
  ['-i', '--in-interface'],
  ['-o', '--out-interface'],
  ['-j', '--jump'],
  ['-g', '--goto'],
  ['-m', '--match'],
  ['-f', '--fragment'],
  ['--fragments', '--fragment'],
  ['-c', '--set-counters'],
  ['--sport', '--source-port'],
  ['--dport', '--destination-port'],
  ['--sports', '--source-ports'],
  ['--dports', '--destination-ports'],
  ['--port', '--ports'],
]);

const CORE = new Set([
  '--source',
  '--destination',
  '--protocol',
  '--in-interface',
  '--out-interface',
  '--fragment',
  '--ipv4',
  '--ipv6',
]);

/** What they are given is one word, even if it looks like an option. */
const ONE_WORD = new Set([
  '--jump',
  '--goto',
  '--match',
  '--comment',
  '--log-prefix',
  '--nflog-prefix',
  '--ulog-prefix',
  '--string',
  '--hex-string',
  '--name',
  '--hashlimit-name',
]);

/** Cuts the words of a rule into matches and target. */
export function parseOptions(words: readonly Word[]): RuleParts {
  const core: Option[] = [];
  const matches: { module: string; options: Option[] }[] = [];
  const stray: string[] = [];
  let target: { name: string; goto: boolean; options: Option[] } | null = null;
  let match: { module: string; options: Option[] } | null = null;
  for (let i = 0; i < words.length;) {
    let negated = false;
    if (isNot(words[i]) && isOption(words[i + 1])) {
      negated = true;
      i++;
    }
    const word = words[i++] as Word;
    if (!isOption(word)) {
      stray.push(word.text);
      continue;
    }
    const name = LONG.get(word.text) ?? word.text;
    const args: string[] = [];
    // Before 1.4.3 the exclamation mark followed the option.
    if (isNot(words[i]) && words[i + 1] !== undefined && !isOption(words[i + 1])) {
      negated = !negated;
      i++;
    }
    if (ONE_WORD.has(name)) {
      if (i < words.length) args.push((words[i++] as Word).text);
    } else {
      while (i < words.length && !isOption(words[i]) && !isNot(words[i]))
        args.push((words[i++] as Word).text);
    }
    const option = { name, negated, args };
    if (name === '--jump' || name === '--goto') {
      if (target !== null) stray.push(word.text, ...args);
      else target = { name: args[0] ?? '', goto: name === '--goto', options: [] };
    } else if (name === '--match') {
      match = { module: args[0] ?? '', options: [] };
      matches.push(match);
    } else if (CORE.has(name)) core.push(option);
    else if (name === '--set-counters') continue;
    else if (target !== null) target.options.push(option);
    else {
      if (match === null) matches.push((match = { module: '', options: [] }));
      match.options.push(option);
    }
  }
  return { core, matches, target, stray };
}

function isNot(word: Word | undefined): boolean {
  return word?.text === '!' && !word.quoted;
}

function isOption(word: Word | undefined): boolean {
  return word !== undefined && !word.quoted && /^(-[A-Za-z46]|--[A-Za-z0-9].*)$/.test(word.text);
}
