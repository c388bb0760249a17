// SPDX-License-Identifier: BSD-3-Clause
import type { Sources } from '../diagnostics/source.js';
import { Checked } from '../firewall/checks/checked.js';
import { RuleMemory } from '../firewall/resolve.js';
import { Memory } from '../rulefile/memory.js';
import type { Node } from '../rulefile/tree.js';

/** Sections that rules name nothing of. */
const APART = new Set(['version', 'system', 'policies', 'assert', 'inactive']);

/**
 * What the loads of one configuration after another share. Rules stay resolved as long as all sections
 * they may name something of, and all files these name, are the ones they were.
 */
export class LoadMemory {
  readonly values = new Memory();
  #rules = new RuleMemory();
  /** Of checks, which look at what is written alone. */
  readonly checked = new Checked();
  #named: readonly unknown[] = [];

  get rules(): RuleMemory {
    return this.#rules;
  }

  /** Before a load: forgets what may not hold for it. */
  renew(root: Node, sources: Sources): void {
    const sections = root.kind === 'map' ? root.entries : [];
    const named: unknown[] = [];
    for (const { key, value } of sections) if (!APART.has(key.value)) named.push(key.value, value);
    for (const { path, text } of sources.whole) named.push(path, text);
    if (named.length === this.#named.length && named.every((one, i) => one === this.#named[i]))
      return;
    this.#named = named;
    this.#rules = new RuleMemory();
  }
}
