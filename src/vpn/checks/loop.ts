// SPDX-License-Identifier: BSD-3-Clause
import { quote } from '../../diagnostics/text.js';
import { formatPrefix, networkOf, parseAddress } from '../../net/address.js';
import type { Address, Prefix } from '../../net/sets.js';
import type { Context } from '../../rulefile/context.js';
import { itemsOf } from '../../rulefile/schema.js';
import type { ResolvedTunnel } from '../resolve.js';

/** Where packets to a prefix go, by an address or a route in the file. */
export interface Way {
  readonly to: Prefix;
  readonly interface: string;
  readonly distance: number;
}

/** What is sealed must not go where it came from: the way to a peer is not its own tunnel. */
export function checkLoop(
  tunnels: readonly ResolvedTunnel[],
  ways: readonly Way[],
  context: Context,
): void {
  const routed = tunnels.filter(({ implicit }) => implicit === null);
  if (routed.length === 0) return;
  const byPrefix = new Map<string, Way>();
  for (const way of ways) {
    const key = formatPrefix(networkOf(way.to));
    if ((byPrefix.get(key)?.distance ?? Infinity) > way.distance) byPrefix.set(key, way);
  }
  const lengths = [...new Set(ways.map(({ to }) => to.length))].sort((a, b) => b - a);
  const wayTo = (address: Address): Way | undefined => {
    const most = address.family === 4 ? 32 : 128;
    for (const length of lengths) {
      if (length > most) continue;
      const way = byPrefix.get(formatPrefix(networkOf({ address, length })));
      if (way !== undefined) return way;
    }
    return undefined;
  };
  for (const { config, tunnel } of routed)
    for (const { text, owner, key } of itemsOf(config, 'peer', config.peer)) {
      const address = parseAddress(text);
      if (typeof address === 'string') continue;
      const way = wayTo(address);
      if (way?.interface !== tunnel.interface) continue;
      const message = `the route ${formatPrefix(way.to)} to ${text} leads into the tunnel ${quote(tunnel.name)} itself`;
      context.report('vpn-loop', context.at(owner, key), message, {
        hint: `routing: {static: [{to: ${formatPrefix({ address, length: address.family === 4 ? 32 : 128 })}, via: …}]} leads past it`,
      });
    }
}
