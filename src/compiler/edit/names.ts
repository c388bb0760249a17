// SPDX-License-Identifier: BSD-3-Clause
import type { Config } from '../../rulefile/config.js';
import { REFERENCES, type Reference } from '../../rulefile/references.js';
import type { Node } from '../../rulefile/tree.js';
import { grammar } from '../grammar.js';
import { viewOf } from './view.js';

/** The names a tree has, by what values may refer to. */
export function namesIn(root: Node): Record<Reference, string[]> {
  const view = viewOf(root, grammar().root);
  const all = Object.entries(REFERENCES).map(([kind, { paths, also }]) => {
    const names = new Set<string>(also);
    for (const path of paths) collect(view, path.split(' '), names);
    return [kind, [...names]];
  });
  return Object.fromEntries(all) as Record<Reference, string[]>;
}

function collect(config: Config, pattern: readonly string[], names: Set<string>): void {
  const [first, ...rest] = pattern;
  if (config.kind !== 'map' || first === undefined) return;
  for (const { word, value } of config.entries) {
    if (first !== '*' && first !== word) continue;
    if (rest.length === 0) names.add(word);
    else collect(value, rest, names);
  }
}
