// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../../diagnostics/suggest.js';
import type { Context } from '../../rulefile/context.js';
import type { InterfacesConfig } from '../schema.js';

/** An interface is in one zone that exists, or is for management and in none. */
export function checkZones(config: InterfacesConfig, context: Context): void {
  const zones = config.zones ?? new Map<string, never>();
  for (const [name, one] of config.interfaces ?? []) {
    const { zone, management } = one;
    if (zone === undefined) {
      if (management || context.wrote(one, 'zone')) continue;
      const span = context.atKey(config.interfaces as object, name);
      context.report('interface-zone', span, `the interface '${name}' has no zone`, {
        hint: "give it 'zone: NAME', or 'management: true' to leave it to the kernel",
      });
    } else if (management) {
      context.report(
        'interface-zone',
        context.at(one, 'zone'),
        'a management interface is in no zone',
      );
    } else if (zone === 'any' || zone === 'local') {
      context.report(
        'name-reserved',
        context.at(one, 'zone'),
        `'${zone}' is not a zone of interfaces`,
      );
    } else if (!zones.has(zone) && !context.wrote(zones, zone)) {
      context.report('unknown-zone', context.at(one, 'zone'), `there is no zone '${zone}'`, {
        hint: () => didYouMean(zone, zones.keys()) ?? `define it: zones: {${zone}: {}}`,
      });
    }
  }
}
