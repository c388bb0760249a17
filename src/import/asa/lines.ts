// SPDX-License-Identifier: BSD-3-Clause

/** A line of a configuration. */
export interface Line {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly words: readonly string[];
}

/** A command with the lines of the mode it opens. */
export interface Block extends Line {
  readonly under: readonly Line[];
}

/** What belongs to a mode even where its indentation was lost on the way. */
const MODES: readonly (readonly [RegExp, ReadonlySet<string>])[] = [
  [/^object network\b/, new Set(['host', 'subnet', 'range', 'fqdn'])],
  [/^object service\b/, new Set(['service'])],
  [
    /^object-group\b/,
    new Set([
      'network-object',
      'service-object',
      'port-object',
      'icmp-object',
      'protocol-object',
      'group-object',
    ]),
  ],
  [
    /^interface\b/,
    new Set(['nameif', 'security-level', 'vlan', 'shutdown', 'bridge-group', 'speed', 'duplex']),
  ],
  [/^time-range\b/, new Set(['absolute', 'periodic'])],
];

/** Cuts a configuration into commands; comments and what only frames them are gone. */
export function blocksOf(text: string): Block[] {
  const blocks: (Line & { readonly under: Line[] })[] = [];
  for (const [i, raw] of text.split('\n').entries()) {
    const trimmed = raw.trim();
    // `:` lines are what `show running-config` and `write` print around it.
    if (trimmed === '' || trimmed.startsWith('!') || trimmed.startsWith(':')) continue;
    const line = { line: i + 1, text: trimmed, words: trimmed.split(/\s+/) };
    const open = blocks.at(-1);
    if (open !== undefined && (/^\s/.test(raw) || isOf(open, line))) open.under.push(line);
    else blocks.push({ ...line, under: [] });
  }
  return blocks;
}

function isOf(block: Line, { words }: Line): boolean {
  const mode = MODES.find(([pattern]) => pattern.test(block.text));
  return mode?.[1].has(words[0] ?? '') === true;
}

/** Words that are taken one after the other. */
export class Words {
  readonly #words: readonly string[];
  #at: number;

  constructor(words: readonly string[], from = 0) {
    this.#words = words;
    this.#at = from;
  }

  peek(ahead = 0): string {
    return this.#words[this.#at + ahead] ?? '';
  }

  next(): string {
    return this.#words[this.#at++] ?? '';
  }

  /** Takes the next word if it is this one. */
  take(word: string): boolean {
    if (this.peek() !== word) return false;
    this.#at++;
    return true;
  }

  rest(): readonly string[] {
    const rest = this.#words.slice(this.#at);
    this.#at = this.#words.length;
    return rest;
  }

  get done(): boolean {
    return this.#at >= this.#words.length;
  }
}
