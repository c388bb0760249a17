// SPDX-License-Identifier: BSD-3-Clause
import { Collector } from '../diagnostics/collect.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { Sources } from '../diagnostics/source.js';
import { readSource } from '../rulefile/read.js';
import type { Reader } from '../rulefile/reader.js';
import { parseList, type List } from './lists.js';

export interface ListFile {
  /** null where the file cannot be read. */
  readonly text: string | null;
  /** null after an error, which is then among the diagnostics. */
  readonly list: List | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a file of addresses by itself, without the rule file that names it; `known` is not parsed. */
export function readListFile(
  path: string,
  reader: Reader,
  known: (text: string) => boolean = () => false,
): ListFile {
  const sources = new Sources();
  const collector = new Collector(sources);
  const source = readSource(path, null, { sources, reader, collector });
  if (typeof source === 'string') return { text: null, list: null, diagnostics: collector.list() };
  if (known(source.text)) return { text: source.text, list: null, diagnostics: [] };
  const list = parseList(source, (...what) => collector.add(...what));
  return { text: source.text, list: list ?? null, diagnostics: collector.list() };
}
