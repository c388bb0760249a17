// SPDX-License-Identifier: BSD-3-Clause
import type { Position } from '../diagnostics/position.js';
import type { ServiceSet } from '../firewall/model.js';
import type { AddressSet, Prefix } from '../net/sets.js';

/** Ports of a translation, inclusive. */
export type PortRange = readonly [number, number];

/** Ports a source is given, and how they are chosen (RFC 4787 4.2). */
export interface SourcePorts {
  readonly range: PortRange;
  /** Keep the client's where it is in range and free. */
  readonly preserve: boolean;
  readonly parity: boolean;
  /** Given out by client in blocks of `size` ports, `most` at once (CGNAT); null: one by one. */
  readonly blocks: PortBlocks | null;
}

export interface PortBlocks {
  readonly size: number;
  /** 1..8 */
  readonly most: number;
}

export type Translation =
  | { readonly kind: 'none' }
  | { readonly kind: 'interface'; readonly ports: SourcePorts }
  | {
      readonly kind: 'pool';
      /** Its name, null for addresses written in the rule. */
      readonly pool: string | null;
      readonly family: 4 | 6;
      readonly addresses: AddressSet;
      readonly ports: SourcePorts;
    }
  | {
      /** The bits of the prefix replace the address's; those behind it stay. */
      readonly kind: 'prefix';
      readonly prefix: Prefix;
      /** The new destination port, or a range for one from `matched` on; null keeps it. */
      readonly ports: { readonly range: PortRange; readonly matched: number } | null;
      readonly hairpin: boolean;
      /** RFC 6296: 16 more bits change, so that the sum of the address does not. */
      readonly neutral?: boolean;
    }
  | {
      /** IPv4 behind a prefix of IPv6 (RFC 6146): the destination, and a source to it. */
      readonly kind: 'nat64';
      readonly prefix: Prefix;
      /** Of IPv4; null for the address of the egress interface. */
      readonly addresses: AddressSet | null;
      readonly ports: SourcePorts;
    };

/** A rule of source or destination NAT; the first that matches decides. */
export interface NatRule {
  /** Of one name there may be one rule of each direction. */
  readonly name: string;
  readonly at: Position;
  readonly direction: 'source' | 'destination';
  readonly from: readonly string[];
  /** Zones the packet leaves to; of destination NAT none is known yet. */
  readonly to: readonly string[];
  /** null matches any address. */
  readonly source: AddressSet | null;
  /** As asked for, before translation, in destination NAT; else after it. */
  readonly destination: AddressSet | null;
  readonly service: ServiceSet | null;
  readonly translation: Translation;
  readonly enabled: boolean;
  /**
   * NPTv6 whose outside is what an interface is lent: out of force until there is a prefix, and then as
   * `enabled` of this says.
   */
  readonly follows?: { readonly interface: string; readonly enabled: boolean };
  readonly description: string | null;
}

export interface NatPool {
  readonly name: string;
  readonly addresses: AddressSet;
}

export interface Nat {
  readonly rules: readonly NatRule[];
  readonly pools: readonly NatPool[];
  /** What the appliance answers ARP and neighbour solicitations for, beside its own addresses. */
  readonly proxied: readonly { readonly interface: string; readonly addresses: AddressSet }[];
}

export const NO_NAT: Nat = { rules: [], pools: [], proxied: [] };
