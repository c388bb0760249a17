// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../../diagnostics/suggest.js';
import type { Context } from '../../rulefile/context.js';
import type { InterfaceConfig, InterfacesConfig } from '../schema.js';

/** A VLAN child has a parent with a port, an id of its own there, and no port. */
export function checkVlans(config: InterfacesConfig, context: Context): void {
  const interfaces = config.interfaces ?? new Map<string, InterfaceConfig>();
  const taken = new Map<string, string>();
  for (const [name, one] of interfaces) {
    if (one.parent === undefined) {
      if (one.vlan === undefined || context.wrote(one, 'parent')) continue;
      context.report(
        'vlan-form',
        context.at(one, 'vlan'),
        "a VLAN child needs 'parent', the interface it sits on",
      );
      continue;
    }
    if (one.vlan === undefined && !context.wrote(one, 'vlan')) {
      context.report('vlan-form', context.at(one, 'parent'), "a VLAN child needs 'vlan', its id");
    }
    if (one.port !== undefined) {
      context.report(
        'vlan-form',
        context.atKey(one, 'port'),
        'a VLAN child uses the port of its parent',
      );
    }
    if (one.management) {
      const message = 'a VLAN child of the fast path is not for management';
      context.report('vlan-form', context.at(one, 'management'), message);
    }
    checkParent(name, one, one.parent, interfaces, context);
    const id = `${one.parent} ${one.vlan}`;
    const first = taken.get(id);
    if (first === undefined) taken.set(id, name);
    else if (one.vlan !== undefined) {
      const related = context.atKey(interfaces, first);
      const message = `VLAN ${one.vlan} of '${one.parent}' is '${first}' already`;
      context.report('vlan-duplicate', context.at(one, 'vlan'), message, {
        related: [{ span: related, message: `'${first}' is here` }],
      });
    }
  }
}

function checkParent(
  name: string,
  child: InterfaceConfig,
  parent: string,
  interfaces: ReadonlyMap<string, InterfaceConfig>,
  context: Context,
): void {
  const found = interfaces.get(parent);
  const span = context.at(child, 'parent');
  if (found === undefined) {
    if (context.wrote(interfaces, parent)) return;
    context.report('unknown-interface', span, `there is no interface '${parent}'`, {
      hint: () =>
        didYouMean(
          parent,
          [...interfaces.keys()].filter((other) => other !== name),
        ),
    });
  } else if (found.parent !== undefined) {
    context.report('vlan-form', span, `'${parent}' is a VLAN child itself`);
  } else if (found.management) {
    context.report(
      'vlan-form',
      span,
      `'${parent}' is a management interface and left to the kernel`,
    );
  } else if (child.mtu !== undefined && child.mtu > (found.mtu ?? 1500)) {
    const message = `the MTU of '${name}' is above the ${found.mtu ?? 1500} of its parent '${parent}'`;
    context.report('mtu-vlan', context.at(child, 'mtu'), message);
  }
}
