// SPDX-License-Identifier: BSD-3-Clause
import { natPolicy } from '../compiler/image-nat.js';
import type { DecodedImage } from '../tables/decode.js';
import { CONSTANTS } from '../tables/layout.js';

export interface RuleName {
  readonly slot: number;
  /** null for what is built in. */
  readonly policy: string | null;
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** The rules of an image by their slots; each is read when somebody asks for it. */
export class RulesOf {
  readonly #image: DecodedImage | null;
  readonly #slots: Uint32Array;
  /** Index + 1 by slot. */
  readonly #index: Uint32Array;
  readonly #policies: readonly string[];

  constructor(image: DecodedImage | null) {
    this.#image = image;
    this.#slots = image === null ? new Uint32Array() : image.column('rules', 'slot');
    this.#index = new Uint32Array(this.#slots.reduce((most, slot) => Math.max(most, slot), 0) + 1);
    for (const [i, slot] of this.#slots.entries()) this.#index[slot] = i + 1;
    this.#policies = image?.records('policies').map(({ name }) => image.string(name)) ?? [];
  }

  /** In match order. */
  get all(): RuleName[] {
    return Array.from(this.#slots, (slot) => this.at(slot) as RuleName);
  }

  at(slot: number): RuleName | undefined {
    const index = this.#index[slot] ?? 0;
    const image = this.#image;
    if (index === 0 || image === null) return undefined;
    const { policy, name, file, line, action } = image.record('rules', index - 1);
    const of =
      action !== CONSTANTS.ACTION_TRANSLATE
        ? (this.#policies[policy] ?? '')
        : this.#policies[policy] === natPolicy('balancer')
          ? 'balancer'
          : 'nat';
    return { slot, policy: of, name: image.string(name), file: image.string(file), line };
  }

  /** Those whose slots another image does not have. */
  missingIn(other: RulesOf): RuleName[] {
    const gone = this.#slots.filter((slot) => (other.#index[slot] ?? 0) === 0);
    return Array.from(gone, (slot) => this.at(slot) as RuleName);
  }
}
