// SPDX-License-Identifier: BSD-3-Clause
import { Collector } from '../diagnostics/collect.js';
import { Sources } from '../diagnostics/source.js';
import { Includer } from './include.js';
import type { Layout } from './layout.js';
import type { Reader } from './reader.js';
import type { Node } from './tree.js';

export interface RuleFile {
  readonly root: Node | null;
  readonly sources: Sources;
  readonly collector: Collector;
}

/** Reads a rule file with all it includes. Without a root, the collector has an error. */
export function readRuleFile(path: string, reader: Reader, layout: Layout): RuleFile {
  const sources = new Sources();
  const collector = new Collector(sources);
  const root = new Includer({ sources, reader, collector }).load(path, null, layout);
  return { root, sources, collector };
}

/** The texts a rule file consists of, by path: what another process needs to load it alike. */
export function closure(path: string, reader: Reader, layout: Layout): Map<string, string> {
  const { sources } = readRuleFile(path, reader, layout);
  return new Map(sources.whole.map((source) => [source.path, source.text]));
}
