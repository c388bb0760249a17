// SPDX-License-Identifier: BSD-3-Clause
import { parseAddress, parsePrefix } from '../net/address.js';
import type { StaticRoute } from '../routing/model.js';
import type { Model } from './model.js';

/** What an interface was told by its network; texts, as they cross between threads. */
export interface Learnt {
  readonly interface: string;
  /** With their prefix length. */
  readonly addresses: readonly string[];
  /** `via` null: on the link itself. */
  readonly routes: readonly { readonly to: string; readonly via: string | null }[];
}

/** Static routes of a rule file go before. */
const DISTANCE = 210;

/** Does any interface wait to be told its addresses? */
export function learns(model: Model): boolean {
  return model.interfaces.some((one) => one.learns.length > 0);
}

/** The model with what is learnt, as if it had been written; nothing else of it changes. */
export function withLearnt(model: Model, learnt: readonly Learnt[]): Model {
  const told = new Map(learnt.map((one) => [one.interface, one]));
  const routes: StaticRoute[] = [];
  const interfaces = model.interfaces.map((one) => {
    const found = one.learns.length > 0 && !one.management ? told.get(one.name) : undefined;
    if (found === undefined) return one;
    for (const route of found.routes) {
      const to = parsePrefix(route.to);
      const via = route.via === null ? null : parseAddress(route.via);
      if (typeof to === 'string' || typeof via === 'string') continue;
      routes.push({ at: one.at, to, via, interface: one.name, distance: DISTANCE });
    }
    const addresses = found.addresses
      .map(parsePrefix)
      .filter((prefix) => typeof prefix !== 'string');
    return { ...one, addresses: [...one.addresses, ...addresses] };
  });
  return { ...model, interfaces, routes: [...model.routes, ...routes] };
}
