// SPDX-License-Identifier: BSD-3-Clause
import { CODES, type Code, type Severity } from './codes.js';
import type { Diagnostic, Excerpt, Related } from './diagnostic.js';
import type { Sources } from './source.js';

/** Diagnostics of each severity that are kept; further ones are counted. */
export const MOST_SHOWN = 100;

/** Findings about rules among themselves that are kept: there may be one for each rule. */
export const MOST_FINDINGS = 10_000;

/** Columns of a source line that are shown; longer ones are cut around the place. */
const WIDTH = 120;

/** A stretch of text by offsets into all sources. */
export interface Span {
  readonly offset: number;
  readonly end: number;
}

/** What a diagnostic may carry besides its place; the hint may be costly and so is asked for late. */
export interface More {
  readonly hint?: string | null | (() => string | null);
  readonly related?: readonly { readonly span: Span; readonly message: string }[];
  /** One of the findings about rules, which are counted for themselves. */
  readonly finding?: boolean;
}

interface Kept {
  /** Its place among all texts. */
  readonly rank: number;
  readonly diagnostic: Diagnostic;
}

/** Takes the diagnostics of one load, keeps the first of them and counts the rest. */
export class Collector {
  readonly #sources: Sources;
  readonly #kept: Kept[] = [];
  readonly #counts: Record<Severity, number> = { error: 0, warning: 0 };
  #findings = 0;

  /** Part of the text could not be read: names that seem unknown may stand there, so they pass. */
  partial = false;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  get errors(): number {
    return this.#counts.error;
  }

  /** All that was added so far. */
  get total(): number {
    return this.#counts.error + this.#counts.warning + this.#findings;
  }

  /** Adds a diagnostic about a stretch of text. */
  add(code: Code, span: Span, message: string, more: More = {}): void {
    if (this.partial && code.startsWith('unknown-') && code !== 'unknown-key') return;
    const { severity } = CODES[code];
    if (more.finding === true) {
      if (++this.#findings > MOST_FINDINGS) return;
    } else if (++this.#counts[severity] > MOST_SHOWN) return;
    const source = this.#sources.of(span.offset);
    const at = source.position(span.offset - source.base);
    const hint = typeof more.hint === 'function' ? more.hint() : (more.hint ?? null);
    const related = (more.related ?? []).map((place): Related => ({
      message: place.message,
      ...this.#sources.position(place.span.offset),
    }));
    const excerpt = cut(source.line(at.line), at.column, span.end - span.offset);
    const diagnostic = { code, severity, message, ...at, hint, related, excerpt };
    this.#kept.push({ rank: source.rank + span.offset - source.base, diagnostic });
  }

  /** Adds a diagnostic about a file without text. */
  addFile(code: Code, file: string, message: string, hint: string | null = null): void {
    const { severity } = CODES[code];
    if (++this.#counts[severity] > MOST_SHOWN) return;
    const place = { file, line: 1, column: 1 };
    const diagnostic = { code, severity, message, ...place, hint, related: [], excerpt: null };
    this.#kept.push({ rank: this.#sources.size, diagnostic });
  }

  /** The diagnostics in the order of the texts, at last how many more there are. */
  list(): Diagnostic[] {
    const list = this.#kept.toSorted((a, b) => a.rank - b.rank).map((kept) => kept.diagnostic);
    const last = list.at(-1);
    if (last === undefined) return list;
    const { file, line, column } = last;
    const place = { file, line, column, hint: null, related: [], excerpt: null };
    const errors = this.#counts.error - MOST_SHOWN;
    if (errors > 0) {
      const message = `${errors} more error${errors === 1 ? ' is' : 's are'} not shown`;
      list.push({ code: 'too-many-errors', severity: 'error', message, ...place });
    }
    const findings = this.#findings - MOST_FINDINGS;
    if (findings > 0) {
      const message = `${findings} more finding${findings === 1 ? ' is' : 's are'} not listed`;
      list.push({ code: 'too-many-findings', severity: 'warning', message, ...place });
    }
    return list;
  }
}

/** What is shown of a source line around a place. */
export function cut(line: string, column: number, length: number): Excerpt {
  const start = column > WIDTH / 2 ? column - 1 - WIDTH / 2 : 0;
  return {
    text: line.slice(start, start + WIDTH),
    column: column - start,
    length: Math.max(1, length),
  };
}
