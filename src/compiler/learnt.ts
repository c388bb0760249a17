// SPDX-License-Identifier: BSD-3-Clause
import type { Delegated, Interface, Learns } from '../interfaces/model.js';
import type { Nat, NatRule } from '../nat/model.js';
import { parseAddress, parsePrefix } from '../net/address.js';
import { fromPrefix } from '../net/algebra.js';
import type { Prefix } from '../net/sets.js';
import type { StaticRoute } from '../routing/model.js';
import type { Model } from './model.js';

/** What an interface was told by its network; texts, as they cross between threads. */
export interface Learnt {
  readonly interface: string;
  readonly by: Learns;
  /** With their prefix length; what is to be used for new sessions first. */
  readonly addresses: readonly string[];
  /** `via` null: on the link itself. */
  readonly routes: readonly { readonly to: string; readonly via: string | null }[];
  /** What it is lent for networks behind. */
  readonly prefixes: readonly string[];
  /** Of the link; null where nobody says. */
  readonly mtu: number | null;
}

/** Static routes of a rule file go before. */
const DISTANCE = 210;

/** Does any interface wait to be told something? */
export function learns(model: Model): boolean {
  return model.interfaces.some(
    ({ learns: ways, requestPrefix }) => ways.length > 0 || requestPrefix !== undefined,
  );
}

/** The model with what is learnt, as if it had been written; nothing else of it changes. */
export function withLearnt(model: Model, learnt: readonly Learnt[]): Model {
  const routes: StaticRoute[] = [];
  const lent = new Map<string, Prefix>();
  for (const one of model.interfaces) {
    const [first] = prefixesOf(toldTo(one, learnt).flatMap(({ prefixes }) => prefixes));
    if (first !== undefined) lent.set(one.name, first);
  }
  const interfaces = model.interfaces.map((one) => {
    const found = toldTo(one, learnt);
    for (const route of found.flatMap((told) => told.routes)) {
      const to = parsePrefix(route.to);
      const via = route.via === null ? null : parseAddress(route.via);
      if (typeof to === 'string' || typeof via === 'string') continue;
      routes.push({ at: one.at, to, via, interface: one.name, distance: DISTANCE });
    }
    const addresses = prefixesOf(found.flatMap((told) => told.addresses));
    const own = one.delegated && addressIn(lent.get(one.delegated.from), one.delegated);
    if (own) addresses.push(own);
    const mtu = Math.min(one.mtu, ...found.flatMap((told) => told.mtu ?? []));
    if (addresses.length === 0 && mtu === one.mtu) return one;
    return { ...one, addresses: [...one.addresses, ...addresses], mtu };
  });
  const nat = lent.size === 0 ? model.nat : following(model.nat, lent);
  return { ...model, interfaces, nat, routes: [...model.routes, ...routes] };
}

/** What counts for an interface by the ways it has to learn. */
function toldTo(one: Interface, learnt: readonly Learnt[]): readonly Learnt[] {
  if (one.management) return [];
  const ways = new Set(one.learns);
  const v6 = ways.has('ra') || ways.has('dhcpv6') || one.requestPrefix !== undefined;
  return learnt.flatMap((told) => {
    if (told.interface !== one.name || (told.by === 'dhcp' ? !ways.has('dhcp') : !v6)) return [];
    const addresses = ways.has(told.by) ? told.addresses : [];
    return { ...told, addresses, prefixes: one.requestPrefix === undefined ? [] : told.prefixes };
  });
}

function prefixesOf(texts: readonly string[]): Prefix[] {
  return texts.map(parsePrefix).filter((prefix) => typeof prefix !== 'string');
}

/** Null without a prefix, or in one that does not have the subnet. */
function addressIn(prefix: Prefix | undefined, { subnet, host }: Delegated): Prefix | null {
  if (prefix === undefined || prefix.length > 64) return null;
  if (BigInt(subnet) >> BigInt(64 - prefix.length) !== 0n) return null;
  const value = prefix.address.value | (BigInt(subnet) << 64n) | host;
  return { address: { family: 6, value }, length: 64 };
}

/** Rules of NPTv6 with the prefixes that interfaces are lent as their outside. */
function following(nat: Nat, lent: ReadonlyMap<string, Prefix>): Nat {
  const rules = nat.rules.map((rule): NatRule => {
    const { follows, translation } = rule;
    if (follows === undefined || translation.kind !== 'prefix') return rule;
    const { length } = translation.prefix;
    const prefix = lent.get(follows.interface);
    // The first subnet of what is lent; where that is too small the rule stays out of force.
    if (prefix === undefined || prefix.length > length) return rule;
    const outside = { address: prefix.address, length };
    const { enabled } = follows;
    return rule.direction === 'source'
      ? { ...rule, enabled, translation: { ...translation, prefix: outside } }
      : { ...rule, enabled, destination: fromPrefix(outside) };
  });
  return { ...nat, rules };
}
