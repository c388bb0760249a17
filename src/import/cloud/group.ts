// SPDX-License-Identifier: BSD-3-Clause
import type { Service } from '../shared/services.js';

/** Who is meant on the other side of a group's members. */
export type Peer =
  | { readonly kind: 'any' }
  | { readonly kind: 'prefix'; readonly text: string; readonly family: 4 | 6 }
  /** Members of a group of the document. */
  | { readonly kind: 'group'; readonly id: string }
  /** A list the document does not have: a prefix list, a group of another account. */
  | { readonly kind: 'list'; readonly id: string };

/** What a security group lets in, or out; all else is denied. */
export interface GroupRule {
  readonly peers: readonly Peer[];
  readonly service: Service;
  readonly description: string | null;
  readonly line: number;
}

export interface SecurityGroup {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly ingress: readonly GroupRule[];
  readonly egress: readonly GroupRule[];
}
