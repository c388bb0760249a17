// SPDX-License-Identifier: BSD-3-Clause
import type { Box, Limit } from './box.js';

export type RejectWith =
  | 'auto'
  | 'tcp-reset'
  | 'port-unreachable'
  | 'host-unreachable'
  | 'net-unreachable'
  | 'admin-prohibited';

/** What becomes of a packet that a rule matches. */
export type Target =
  | { readonly kind: 'accept' }
  | { readonly kind: 'deny'; readonly with: RejectWith | null }
  | { readonly kind: 'return' }
  | { readonly kind: 'chain'; readonly name: string; readonly goto: boolean }
  | { readonly kind: 'log'; readonly prefix: string | null }
  /** Nothing that decides. */
  | { readonly kind: 'pass' };

/** A rule as it is understood; with no boxes it matches no first packet. */
export interface Rule {
  readonly chain: string;
  /** Place in its chain, from 1. */
  readonly number: number;
  readonly line: number;
  readonly text: string;
  readonly comment: string | null;
  readonly boxes: readonly Box[];
  readonly skips: readonly Box[];
  readonly over: Limit | null;
  /** Conditions without equivalent: the rule matches less than its boxes. */
  readonly partly: boolean;
  readonly target: Target;
}

export interface Chain {
  readonly name: string;
  /** What its remarks are kept by and messages call it, where that is not its name. */
  readonly key?: string;
  readonly line: number;
  readonly policy: string | null;
  readonly rules: readonly Rule[];
}
