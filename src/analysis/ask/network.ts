// SPDX-License-Identifier: BSD-3-Clause
import type { Policy } from '../../firewall/model.js';
import type { Interface } from '../../interfaces/model.js';
import { networkOf, parsePrefix, rangeOf } from '../../net/address.js';
import { AddressSetBuilder } from '../../net/builder.js';
import { fromPrefix, subtract, union } from '../../net/algebra.js';
import type { AddressSet, Prefix } from '../../net/sets.js';
import type { StaticRoute } from '../../routing/model.js';

/** What questions are about. */
export interface Network {
  readonly interfaces: readonly Interface[];
  readonly zones: readonly { readonly name: string }[];
  readonly policies: readonly Policy[];
  readonly routes: readonly StaticRoute[];
}

/** Where packets for some destinations go; `local` is the appliance, null is nowhere. */
export interface Way {
  readonly to: Interface | 'local' | null;
  readonly destinations: AddressSet;
}

const literal = (...texts: string[]): AddressSet => {
  const builder = new AddressSetBuilder();
  for (const text of texts) {
    const prefix = parsePrefix(text);
    if (typeof prefix === 'string') throw new Error(prefix);
    builder.addRange(rangeOf(prefix));
  }
  return builder.build();
};

const NONE: AddressSet = { v4: new Uint32Array(0), v6: new BigUint64Array(0) };
/** Every address. */
export const EVERY = literal('0.0.0.0/0', '::/0');
/** RFC 3927, RFC 4291 section 2.5.6: never forwarded. */
export const LINK_LOCAL = literal('169.254.0.0/16', 'fe80::/10');
const LINK_LOCAL_6 = literal('fe80::/10');
/** native/ip/martian.h: dropped before any policy; groups and broadcasts reach nobody in particular. */
const NOBODY = literal(
  '0.0.0.0/8',
  '127.0.0.0/8',
  '224.0.0.0/3',
  '::/96',
  '::ffff:0:0/96',
  'ff00::/8',
);
/** Addresses that packets between two hosts have. */
export const HOSTS = subtract(EVERY, NOBODY);

/** The ways of all destinations, by the connected and declared routes alone; the longest wins. */
export function waysOf({ interfaces, routes }: Network): Way[] {
  const used = interfaces.filter((one) => !one.management);
  const entries: { prefix: Prefix; rank: number; to: Interface | 'local' }[] = [];
  for (const iface of used)
    for (const prefix of iface.addresses) {
      entries.push({ prefix: networkOf(prefix), rank: 1, to: iface });
      for (const own of ownOf(prefix)) entries.push({ prefix: own, rank: 0, to: 'local' });
    }
  for (const { to, interface: name, distance } of routes) {
    const iface = used.find((one) => one.name === name);
    if (iface !== undefined) entries.push({ prefix: to, rank: 1 + distance, to: iface });
  }
  // A stable sort: of equals the first in the file stands.
  entries.sort((a, b) => b.prefix.length - a.prefix.length || a.rank - b.rank);
  const found = new Map<Interface | 'local', AddressSet[]>([['local', [LINK_LOCAL_6]]]);
  const taken = new Taken();
  for (const { prefix, to } of entries) {
    const fresh = taken.rest(prefix);
    const list = found.get(to);
    if (list === undefined) found.set(to, [fresh]);
    else list.push(fresh);
  }
  const ways = [...found].map(([to, sets]) => ({ to, destinations: union(...sets) }));
  const known = union(...ways.map((way) => way.destinations));
  return [...ways, { to: null, destinations: subtract(EVERY, known) }];
}

/** What prefixes have left of each other, the longest first. */
class Taken {
  #longer = LINK_LOCAL_6;
  #sameLength = new Map<string, AddressSet>();
  #length = -1;

  rest(prefix: Prefix): AddressSet {
    // Prefixes of one length overlap only where they are the same.
    if (prefix.length !== this.#length) {
      this.#longer = union(this.#longer, ...this.#sameLength.values());
      this.#sameLength = new Map();
      this.#length = prefix.length;
    }
    const key = `${prefix.address.family}/${prefix.address.value}`;
    if (this.#sameLength.has(key)) return NONE;
    const whole = fromPrefix(prefix);
    this.#sameLength.set(key, whole);
    return subtract(whole, this.#longer);
  }
}

/** The addresses of the box in a subnet: its own, and the broadcast (RFC 3021: a /31 has none). */
function ownOf({ address, length }: Prefix): Prefix[] {
  const bits = address.family === 4 ? 32 : 128;
  const own = { address, length: bits };
  if (address.family === 6 || length > 30) return [own];
  const { high } = rangeOf({ address, length });
  return [own, { address: { family: 4, value: high }, length: bits }];
}

/** Sources that an interface takes packets from, by its reverse-path check. */
export function sourcesOf(iface: Interface, ways: readonly Way[]): AddressSet {
  const own = ways.find((way) => way.to === 'local')?.destinations;
  const mode = iface.reversePath;
  const routed =
    mode === 'strict'
      ? ways.filter((way) => way.to === iface)
      : ways.filter((way) => mode === 'off' || way.to !== null);
  const sets = routed.map((way) => way.destinations);
  const fit = union(...sets);
  return union(own === undefined ? fit : subtract(fit, own), LINK_LOCAL_6);
}
