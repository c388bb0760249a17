// SPDX-License-Identifier: BSD-3-Clause

/** Names that the language takes for policies, rules and groups. */
const LONGEST = 63;

/** Text as a name; empty where nothing of it can be one. */
export function nameOf(text: string, longest = LONGEST): string {
  return text
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[-.]+|-+$/g, '')
    .slice(0, longest);
}

/** Names that do not repeat: the second `x` is `x.2`. */
export class Names {
  readonly #taken: Set<string>;
  readonly #next = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  unique(base: string): string {
    let name = base;
    for (let i = this.#next.get(base) ?? 2; this.#taken.has(name); i++) {
      const end = `.${i}`;
      name = base.slice(0, LONGEST - end.length) + end;
      this.#next.set(base, i + 1);
    }
    this.#taken.add(name);
    return name;
  }
}
