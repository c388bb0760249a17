// SPDX-License-Identifier: BSD-3-Clause
import type { Context } from '../../rulefile/context.js';
import type { InterfacesConfig } from '../schema.js';

/** Interfaces and zones leave alone the names that mean something else. */
export function checkNames(config: InterfacesConfig, context: Context): void {
  for (const name of ['any', 'local']) {
    if (config.zones?.has(name) === true) {
      const meaning = name === 'any' ? 'every zone' : 'the appliance itself';
      context.report(
        'name-reserved',
        context.atKey(config.zones, name),
        `the zone '${name}' is ${meaning} and not defined here`,
      );
    }
    if (config.interfaces?.has(name) === true) {
      context.report(
        'name-reserved',
        context.atKey(config.interfaces, name),
        `an interface cannot be named '${name}'`,
      );
    }
  }
  if (config.interfaces?.has('lo') === true) {
    const span = context.atKey(config.interfaces, 'lo');
    context.report('name-reserved', span, "'lo' is the kernel's loopback interface");
  }
}
