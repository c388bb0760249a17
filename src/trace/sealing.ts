// SPDX-License-Identifier: BSD-3-Clause
import { parsePrefix } from '../net/address.js';
import { contains, fromPrefix } from '../net/algebra.js';
import type { Address } from '../net/sets.js';

/** A tunnel of a running appliance, as `show vpn tunnels` has it. */
export interface SealingTunnel {
  readonly name: string;
  readonly peer: string | null;
  readonly children: readonly {
    readonly state: string;
    readonly spi_out: string;
    readonly algorithm: string;
    readonly local: readonly string[];
    readonly remote: readonly string[];
  }[];
}

/** Of what NAT has left of the packet. */
export interface Ends {
  readonly source: Address;
  readonly destination: Address;
}

/** What the SA is that seals a packet into the tunnel; null where nobody was asked. */
export function sealing(
  name: string,
  running: readonly SealingTunnel[] | null,
  ends: Ends,
): string | null {
  if (running === null) return null;
  for (const tunnel of running.filter((one) => one.name === name))
    for (const child of tunnel.children)
      if (
        child.state === 'INSTALLED' &&
        has(child.local, ends.source) &&
        has(child.remote, ends.destination)
      )
        return `SPI ${child.spi_out}, ${child.algorithm}, to ${tunnel.peer ?? '?'}`;
  return 'down: it has no SA for this packet';
}

/** One of charon's selectors, as `10.1.0.0/16` or `10.1.0.0/16[tcp/80]`; ports are the fast path's. */
function has(selectors: readonly string[], address: Address): boolean {
  return selectors.some((text) => {
    const prefix = parsePrefix(text.replace(/\[.*$/, ''));
    return typeof prefix !== 'string' && contains(fromPrefix(prefix), address);
  });
}
