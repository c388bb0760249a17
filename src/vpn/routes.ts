// SPDX-License-Identifier: BSD-3-Clause
import { formatPrefix } from '../net/address.js';
import type { StaticRoute } from '../routing/model.js';
import type { ResolvedTunnel } from './resolve.js';

/** Routes to the inner addresses of clients, where a tunnel has an interface and no route says more. */
export function poolRoutes(
  tunnels: readonly ResolvedTunnel[],
  written: readonly StaticRoute[],
): StaticRoute[] {
  const known = new Set(written.map(({ to }) => formatPrefix(to)));
  return tunnels
    .filter(({ implicit }) => implicit === null)
    .flatMap(({ tunnel, pool }) =>
      pool
        .filter((to) => !known.has(formatPrefix(to)))
        .map((to) => ({
          at: tunnel.at,
          to,
          via: null,
          interface: tunnel.interface,
          distance: 1,
        })),
    );
}
