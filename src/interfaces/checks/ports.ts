// SPDX-License-Identifier: BSD-3-Clause
import type { Span } from '../../diagnostics/collect.js';
import type { Context } from '../../rulefile/context.js';
import type { InterfacesConfig } from '../schema.js';

/** A port is given one way, and no two interfaces have the same. */
export function checkPorts(config: InterfacesConfig, context: Context): void {
  const owners = new Map<string, { readonly name: string; readonly span: Span }>();
  for (const [name, { port }] of config.interfaces ?? []) {
    if (port === undefined) continue;
    const ways = (['pci', 'mac', 'vdev'] as const).filter((way) => port[way] !== undefined);
    const [way] = ways;
    if (ways.length !== 1 || way === undefined) {
      const found = ways.length === 0 ? 'none of them' : ways.join(' and ');
      context.report(
        'port-form',
        context.at(port),
        `a port is given by pci, mac or vdev, here by ${found}`,
      );
      continue;
    }
    const id = `${way} ${port[way]?.toLowerCase()}`;
    const span = context.at(port, way);
    const owner = owners.get(id);
    if (owner === undefined) owners.set(id, { name, span });
    else {
      context.report('port-duplicate', span, `'${name}' and '${owner.name}' have the same port`, {
        related: [{ span: owner.span, message: `port of '${owner.name}'` }],
      });
    }
  }
}
