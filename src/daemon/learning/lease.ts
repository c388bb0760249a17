// SPDX-License-Identifier: BSD-3-Clause
import type { Learnt } from '../../compiler/learnt.js';
import { formatPrefix, networkOf, parseAddress, parsePrefix } from '../../net/address.js';

/** What udhcpc runs at each turn of a lease: one line for sluiced. */
export const SCRIPT = `#!/bin/sh
echo "sluice|$1|$ip|$mask|$router|$staticroutes|$lease"
`;

export const NOTHING = { addresses: [], routes: [], prefixes: [], mtu: null } as const;

export interface Lease {
  readonly learnt: Learnt;
  /** Seconds it lasts. */
  readonly seconds: number;
}

/**
 * What a line of the script says: a lease, `null` where there is none (any more), `undefined` where it
 * says nothing of that. A server may have said anything: what is no address counts for nothing.
 */
export function leaseOf(name: string, line: string): Lease | null | undefined {
  const [mark, event = '', ip = '', mask = '', router = '', statics = '', lasts = ''] =
    line.split('|');
  if (mark !== 'sluice') return undefined;
  if (event === 'deconfig') return null;
  if (event !== 'bound' && event !== 'renew') return undefined;
  const own = parsePrefix(`${ip}/${mask === '' ? '32' : mask}`);
  if (typeof own === 'string' || own.address.family !== 4) return undefined;
  const routes = routesOf(statics, router);
  const learnt: Learnt = {
    ...NOTHING,
    interface: name,
    by: 'dhcp',
    addresses: [formatPrefix(own)],
    routes,
  };
  return { learnt, seconds: /^\d{1,10}$/.test(lasts) ? Number(lasts) : 3600 };
}

/** RFC 3442: with classless routes the router does not count. */
function routesOf(statics: string, router: string): Learnt['routes'] {
  const words = statics.split(' ').filter(Boolean);
  if (words.length === 0) {
    const [first = ''] = router.split(' ');
    words.push('0.0.0.0/0', first);
  }
  const found: { to: string; via: string | null }[] = [];
  for (let i = 0; i + 1 < words.length; i += 2) {
    const to = parsePrefix(words[i] ?? '');
    const via = parseAddress(words[i + 1] ?? '');
    if (typeof to === 'string' || typeof via === 'string' || to.address.family !== 4) continue;
    // A router of 0.0.0.0 is none: the destination is on the link.
    found.push({
      to: formatPrefix(networkOf(to)),
      via: via.value === 0n ? null : (words[i + 1] ?? ''),
    });
  }
  return found;
}
