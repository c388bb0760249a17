// SPDX-License-Identifier: BSD-3-Clause
import { prefixesOverlap, rangeOf } from '../../net/address.js';
import type { Context } from '../../rulefile/context.js';
import type { ResolvedTunnel } from '../resolve.js';
import type { Selector } from '../selector.js';

interface Pair {
  readonly name: string;
  readonly local: Selector;
  readonly remote: Selector;
  readonly low: bigint;
  readonly high: bigint;
}

/** Of two tunnels without interfaces, no packet fits both. */
export function checkOverlap(tunnels: readonly ResolvedTunnel[], context: Context): void {
  const policies = tunnels.filter(({ implicit }) => implicit !== null);
  for (const family of [4, 6] as const) {
    const pairs = policies
      .flatMap(({ tunnel: { name }, selectors }) =>
        selectors.remote.flatMap((remote) =>
          selectors.local.map((local): Pair => {
            const { low, high } = rangeOf(remote.prefix);
            return { name, local, remote, low, high };
          }),
        ),
      )
      .filter(({ remote }) => remote.prefix.address.family === family)
      .toSorted((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
    let open: Pair[] = [];
    for (const pair of pairs) {
      open = open.filter(({ high }) => high >= pair.low);
      const other = open.find((one) => one.name !== pair.name && meet(one, pair));
      if (other !== undefined) {
        const message = `${pair.local.text} to ${pair.remote.text} fits tunnel '${other.name}' too`;
        context.report('vpn-overlap', pair.remote.span, message, {
          related: [{ span: other.remote.span, message: `${other.remote.text} is here` }],
        });
      }
      open.push(pair);
    }
  }
}

function meet(a: Pair, b: Pair): boolean {
  return overlap(a.remote, b.remote) && overlap(a.local, b.local);
}

function overlap(a: Selector, b: Selector): boolean {
  if (a.prefix.address.family !== b.prefix.address.family) return false;
  if (!prefixesOverlap(a.prefix, b.prefix)) return false;
  if (a.service === null || b.service === null) return true;
  const [x, y] = [a.service, b.service];
  return x.protocol === y.protocol && x.ports[0] <= y.ports[1] && y.ports[0] <= x.ports[1];
}
