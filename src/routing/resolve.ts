// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../diagnostics/suggest.js';
import { quote } from '../diagnostics/text.js';
import type { Interface } from '../interfaces/model.js';
import {
  formatAddress,
  formatPrefix,
  hasHostBits,
  networkOf,
  parseAddress,
  parsePrefix,
  prefixContains,
} from '../net/address.js';
import type { Address, Prefix } from '../net/sets.js';
import type { Context } from '../rulefile/context.js';
import type { StaticRoute } from './model.js';
import type { RoutingConfig, StaticRouteConfig } from './schema.js';

export interface ResolvedRoute {
  readonly config: StaticRouteConfig;
  readonly route: StaticRoute;
}

/** What routes need to know of the interfaces: those that are whole, and whether a name is known. */
export interface Ways {
  readonly interfaces: readonly Interface[];
  readonly wrote: (name: string) => boolean;
}

/** Static routes as the model has them; what cannot be read is reported and left out. */
export function resolveRoutes(
  config: RoutingConfig,
  ways: Ways,
  context: Context,
): ResolvedRoute[] {
  const found: ResolvedRoute[] = [];
  for (const one of config.routing?.static ?? []) {
    const route = resolveRoute(one, ways, context);
    if (route !== undefined) found.push({ config: one, route });
  }
  return found;
}

function resolveRoute(
  one: StaticRouteConfig,
  ways: Ways,
  context: Context,
): StaticRoute | undefined {
  const to = readTarget(one, context);
  const via = readGateway(one, context);
  const named =
    one.interface === undefined ? undefined : findInterface(one, one.interface, ways, context);
  if (one.via === undefined && one.interface === undefined) {
    context.report(
      'route-form',
      context.at(one),
      "a static route needs 'via', 'interface' or both",
    );
    return undefined;
  }
  if (to === undefined || via === undefined) return undefined;
  if (via !== null && via.family !== to.address.family) {
    const message = `the gateway of an IPv${to.address.family} route is an IPv${to.address.family} address`;
    context.report('route-form', context.at(one, 'via'), message);
    return undefined;
  }
  if (one.interface !== undefined && named === undefined) return undefined;
  const egress = named ?? egressOf(one, via as Address, ways, context);
  if (egress === undefined || !gatewayFits(one, via, ways, context)) return undefined;
  return { at: context.position(one), to, via, interface: egress, distance: one.distance };
}

function readTarget(one: StaticRouteConfig, context: Context): Prefix | undefined {
  const to = parsePrefix(one.to);
  if (typeof to === 'string') {
    const message = `${quote(one.to)} is not a prefix: ${to}`;
    context.report('address-invalid', context.at(one, 'to'), message);
    return undefined;
  }
  if (hasHostBits(to)) {
    const network = formatPrefix(networkOf(to));
    const message = `${quote(one.to)} has bits set beyond its length and means all of ${network}`;
    context.report('prefix-host-bits', context.at(one, 'to'), message, {
      hint: `write ${network}`,
    });
  }
  return networkOf(to);
}

function readGateway(one: StaticRouteConfig, context: Context): Address | null | undefined {
  if (one.via === undefined) return null;
  const via = parseAddress(one.via);
  if (typeof via !== 'string') return via;
  const message = `${quote(one.via)} is not a gateway address: ${via}`;
  context.report('address-invalid', context.at(one, 'via'), message);
  return undefined;
}

function findInterface(
  one: StaticRouteConfig,
  name: string,
  ways: Ways,
  context: Context,
): string | undefined {
  const found = ways.interfaces.find((candidate) => candidate.name === name);
  const span = context.at(one, 'interface');
  if (found === undefined) {
    if (ways.wrote(name)) return undefined;
    context.report('unknown-interface', span, `there is no interface ${quote(name)}`, {
      hint: () =>
        didYouMean(
          name,
          ways.interfaces.map((candidate) => candidate.name),
        ),
    });
    return undefined;
  }
  if (!found.management) return name;
  context.report(
    'route-form',
    span,
    `'${name}' is a management interface: its routes are the kernel's`,
  );
  return undefined;
}

/** The interface whose subnet holds the gateway. */
function egressOf(
  one: StaticRouteConfig,
  via: Address,
  ways: Ways,
  context: Context,
): string | undefined {
  const connected = ways.interfaces.filter((candidate) => !candidate.management);
  const found = connected.find((candidate) => holds(candidate, via));
  if (found !== undefined) return found.name;
  const message = `the gateway ${formatAddress(via)} is on no connected subnet`;
  context.report('route-gateway', context.at(one, 'via'), message, {
    hint: "name the way out with 'interface' if that is meant",
  });
  return undefined;
}

function gatewayFits(
  one: StaticRouteConfig,
  via: Address | null,
  ways: Ways,
  context: Context,
): boolean {
  if (via === null) return true;
  const own = ways.interfaces.find((candidate) =>
    candidate.addresses.some(
      ({ address }) => address.family === via.family && address.value === via.value,
    ),
  );
  if (own === undefined) return true;
  const message = `the gateway ${formatAddress(via)} is our own address on '${own.name}'`;
  context.report('route-gateway', context.at(one, 'via'), message);
  return false;
}

function holds(candidate: Interface, via: Address): boolean {
  return candidate.addresses.some((prefix) => prefixContains(prefix, via));
}
