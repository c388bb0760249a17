// SPDX-License-Identifier: BSD-3-Clause
import { formatPrefix } from '../../net/address.js';
import type { Context } from '../../rulefile/context.js';
import type { ResolvedRoute } from '../resolve.js';

/** A prefix has one route for each distance. */
export function checkDuplicates(routes: readonly ResolvedRoute[], context: Context): void {
  const seen = new Map<string, ResolvedRoute>();
  for (const resolved of routes) {
    const { to, distance } = resolved.route;
    const id = `${formatPrefix(to)} ${distance}`;
    const first = seen.get(id);
    if (first === undefined) {
      seen.set(id, resolved);
      continue;
    }
    const message = `there is a route to ${formatPrefix(to)} of distance ${distance} already`;
    context.report('route-duplicate', context.at(resolved.config, 'to'), message, {
      hint: "a second way has another 'distance'",
      related: [{ span: context.at(first.config, 'to'), message: 'the first is here' }],
    });
  }
}
