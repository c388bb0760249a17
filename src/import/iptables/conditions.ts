// SPDX-License-Identifier: BSD-3-Clause
import { Conditions as Shared, type Around } from '../shared/conditions.js';
import type { Ranges } from '../shared/ranges.js';
import type { Value } from '../shared/yaml.js';

/** What matches ask of the rest of the file. */
export interface Surroundings extends Around {
  /** Bits of the interfaces a pattern of `-i` or `-o` names. */
  readonly interfaces: (pattern: string) => bigint;
  readonly isLoopback: (pattern: string) => boolean;
  /** Addresses by their type as `-m addrtype` has it. */
  readonly addressTypes: ReadonlyMap<string, Ranges>;
  /** The group that stands for an ipset, or why it cannot be one. */
  readonly ipset: (name: string, directions: string, line: number) => { group: string } | string;
  /** An empty group for the addresses of countries. */
  readonly countries: (codes: string, line: number) => string;
  /** Bits that rules of the file may set in marks, of packets and of connections. */
  readonly marks: { readonly mark: number; readonly connmark: number };
  /** The name of a schedule. */
  readonly schedule: (value: Value) => string;
  /** Whether destinations are translated before they get here. */
  readonly translated: boolean;
}

/** The conditions of one rule, put together match by match. */
export class Conditions extends Shared<Surroundings> {}
