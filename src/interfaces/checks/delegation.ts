// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../../diagnostics/suggest.js';
import type { Context } from '../../rulefile/context.js';
import type { InterfaceConfig, InterfacesConfig } from '../schema.js';

/** Delegated prefixes come from an interface that asks for one, and subnets fit in what it asks for. */
export function checkDelegation(config: InterfacesConfig, context: Context): void {
  const interfaces = config.interfaces ?? new Map<string, InterfaceConfig>();
  for (const one of interfaces.values()) {
    if (one['request-prefix'] !== undefined && (one.management || one.tunnel !== undefined)) {
      const message = 'only interfaces of the fast path with a link ask for prefixes';
      context.report('delegation-form', context.at(one, 'request-prefix'), message);
    }
    const { delegated } = one;
    if (delegated === undefined) continue;
    const span = context.at(delegated, 'from');
    const length = interfaces.get(delegated.from)?.['request-prefix'];
    if (!interfaces.has(delegated.from)) {
      if (context.wrote(interfaces, delegated.from)) continue;
      const known = [...interfaces.keys()];
      context.report('unknown-interface', span, `there is no interface '${delegated.from}'`, {
        hint: () => didYouMean(delegated.from, known),
      });
    } else if (length === undefined) {
      const message = `'${delegated.from}' has no 'request-prefix'`;
      context.report('delegation-form', span, message);
    } else if (delegated.subnet >= 2 ** (64 - length)) {
      const message = `a prefix of ${length} bits has the subnets 0 to ${2 ** (64 - length) - 1}`;
      context.report('delegation-form', context.at(delegated, 'subnet'), message);
    } else if (one.management) {
      const message = 'a management interface is left to the kernel';
      context.report('delegation-form', context.atKey(one, 'delegated'), message);
    }
  }
}
