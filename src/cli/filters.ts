// SPDX-License-Identifier: BSD-3-Clause
import { PACKET_FILTERS } from '../daemon/api/packets.js';
import { SESSION_FILTERS } from '../daemon/api/types.js';

/** Filters by name, as options of a command. */
export class Filters<Name extends string> {
  readonly #meanings: Readonly<Record<Name, string>>;
  readonly names: readonly Name[];

  constructor(meanings: Readonly<Record<Name, string>>) {
    this.#meanings = meanings;
    this.names = Object.keys(meanings) as Name[];
  }

  /** For parseArgs. */
  options(): Record<Name, { type: 'string' }> {
    return Object.fromEntries(this.names.map((name) => [name, { type: 'string' }])) as Record<
      Name,
      { type: 'string' }
    >;
  }

  /** Those that were given, as the API takes them. */
  of(values: Readonly<Record<string, unknown>>): Partial<Record<Name, string>> {
    const given: Partial<Record<Name, string>> = {};
    for (const name of this.names) {
      const value = values[name];
      if (typeof value === 'string') given[name] = value;
    }
    return given;
  }

  /** How a usage text tells them. */
  help(): (readonly [string, string])[] {
    return this.names.map((name) => [
      `--${name} VALUE`,
      `Only packets of this ${name}: ${this.#meanings[name]}.`,
    ]);
  }

  synopsis(): string {
    return this.names.map((name) => `--${name}`).join(', ');
  }
}

export const sessionFilters = new Filters(SESSION_FILTERS);
export const packetFilters = new Filters(PACKET_FILTERS);
