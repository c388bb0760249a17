// SPDX-License-Identifier: BSD-3-Clause
import type { Code } from '../diagnostics/codes.js';
import type { More, Span } from '../diagnostics/collect.js';
import type { Source } from '../diagnostics/source.js';
import { quote } from '../diagnostics/text.js';
import { formatPrefix, hasHostBits, networkOf, parseMember, parsePrefix } from '../net/address.js';
import { AddressSetBuilder } from '../net/builder.js';
import type { AddressSet } from '../net/sets.js';
import { readV6 } from '../net/v6-groups.js';
import { MOST_BAD_LINES, MOST_LIST_ENTRIES } from './limits.js';

export interface List {
  readonly set: AddressSet;
  /** Lines that hold an address, prefix or range. */
  readonly entries: number;
}

export type Report = (code: Code, span: Span, message: string, more?: More) => void;

/** Longer text is no address, whatever it holds: a range of two IPv6 addresses has 91 characters. */
const LONGEST_ENTRY = 256;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const HASH = 35;
const DOT = 46;
const SLASH = 47;
const ZERO = 48;
const SEMICOLON = 59;

/**
 * Reads a list: an address, prefix or range a line, comments from `#` or `;` to the end of the line,
 * blank lines. Every line that is none of these is reported at its place; then there is no list.
 * Reading ends after MOST_BAD_LINES such lines or MOST_LIST_ENTRIES entries.
 */
export function parseList(source: Source, report: Report): List | undefined {
  return new ListParser(source, report).parse();
}

class ListParser {
  readonly #text: string;
  readonly #base: number;
  readonly #report: Report;
  readonly #builder = new AddressSetBuilder();
  readonly #groups = new Uint16Array(8);
  #at = 0;
  #entries = 0;
  #bad = 0;

  constructor(source: Source, report: Report) {
    this.#text = source.text;
    this.#base = source.base;
    this.#report = report;
  }

  parse(): List | undefined {
    const { length } = this.#text;
    while (this.#at < length) {
      this.#skipBlanks();
      if (this.#lineEnds()) {
        this.#skipLine();
        continue;
      }
      if (this.#entries === MOST_LIST_ENTRIES) {
        const span = { offset: this.#base + this.#at, end: this.#base + this.#at + 1 };
        const message = `the list has more than ${MOST_LIST_ENTRIES} entries`;
        this.#report('too-large', span, message);
        return undefined;
      }
      this.#entries++;
      if (!this.#plainV4() && !this.#plainV6()) this.#entry();
      if (this.#bad === MOST_BAD_LINES) return undefined;
      this.#skipLine();
    }
    return this.#bad > 0 ? undefined : { set: this.#builder.build(), entries: this.#entries };
  }

  /** An IPv4 address or prefix without any fault, which most lines of large lists are. */
  #plainV4(): boolean {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    let value = 0;
    for (let octets = 0; octets < 4; octets++) {
      if (octets > 0 && text.charCodeAt(at++) !== DOT) return false;
      const first = text.charCodeAt(at) - ZERO;
      if (!(first >= 0 && first <= 9)) return false;
      let octet = first;
      at++;
      for (let digit; octet > 0 && (digit = text.charCodeAt(at) - ZERO) >= 0 && digit <= 9; at++) {
        octet = octet * 10 + digit;
        if (octet > 255) return false;
      }
      value = value * 256 + octet;
    }
    const length = this.#length(at, 32);
    const size = 2 ** (32 - length);
    if (length < 0 || value % size !== 0) {
      this.#at = start;
      return false;
    }
    this.#builder.addV4(value, value + size - 1);
    return true;
  }

  /** The same for IPv6. */
  #plainV6(): boolean {
    const start = this.#at;
    const at = readV6(this.#text, start, this.#groups);
    const length = at < 0 ? -1 : this.#length(at, 128);
    if (length < 0 || !isNetwork(this.#groups, length)) {
      this.#at = start;
      return false;
    }
    this.#builder.addPrefixV6(this.#groups, length);
    return true;
  }

  /** The length that ends the entry, `most` without one; -1 where something else follows. */
  #length(from: number, most: number): number {
    const text = this.#text;
    let at = from;
    let length = most;
    if (text.charCodeAt(at) === SLASH) {
      const first = ++at;
      length = 0;
      for (let digit; (digit = text.charCodeAt(at) - ZERO) >= 0 && digit <= 9; at++) {
        if (at > first && length === 0) return -1;
        length = length * 10 + digit;
        if (length > most) return -1;
      }
      if (at === first) return -1;
    }
    this.#at = at;
    this.#skipBlanks();
    return this.#lineEnds() ? length : -1;
  }

  /** Any entry, or the report of what is none. */
  #entry(): void {
    const start = this.#at;
    while (!this.#lineEnds()) this.#at++;
    let end = this.#at;
    while (isBlank(this.#text.charCodeAt(end - 1))) end--;
    const text = this.#text.slice(start, Math.min(end, start + LONGEST_ENTRY));
    const span = { offset: this.#base + start, end: this.#base + end };
    const range =
      end - start > LONGEST_ENTRY ? 'it is neither an IPv4 nor an IPv6 address' : parseMember(text);
    if (typeof range === 'string') {
      this.#bad++;
      this.#report('address-invalid', span, `${quote(text)} is not an address: ${range}`);
      return;
    }
    this.#builder.addRange(range);
    if (text.includes('/')) reportHostBits(text, () => span, this.#report);
  }

  #skipBlanks(): void {
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  /** Whether nothing more of the line counts. */
  #lineEnds(): boolean {
    if (this.#at >= this.#text.length) return true;
    const c = this.#text.charCodeAt(this.#at);
    return c === LF || c === CR || c === HASH || c === SEMICOLON;
  }

  /** To the start of the next line; a CR alone ends one too, as places in texts count them. */
  #skipLine(): void {
    const text = this.#text;
    for (let c; this.#at < text.length;) {
      c = text.charCodeAt(this.#at++);
      if (c === LF || c === CR) return;
    }
  }
}

/** Warns of a prefix that means more than the address it is written with. */
export function reportHostBits(text: string, at: () => Span, report: Report): void {
  const prefix = parsePrefix(text);
  if (typeof prefix === 'string' || !hasHostBits(prefix)) return;
  const network = formatPrefix(networkOf(prefix));
  const message = `${quote(text)} has bits set beyond its length and means all of ${network}`;
  report('prefix-host-bits', at(), message, {
    hint: `write ${network}, or the address alone`,
  });
}

/** Whether no bit is set beyond the length. */
function isNetwork(groups: Uint16Array, length: number): boolean {
  for (let i = length >> 4; i < 8; i++) {
    const kept = i === length >> 4 ? length & 15 : 0;
    if (((groups[i] as number) & (0xffff >> kept)) !== 0) return false;
  }
  return true;
}

function isBlank(c: number): boolean {
  return c === SPACE || c === TAB;
}
