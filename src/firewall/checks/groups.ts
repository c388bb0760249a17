// SPDX-License-Identifier: BSD-3-Clause
import { isServiceForm } from '../../net/services.js';
import type { Context } from '../../rulefile/context.js';
import { BOGONS } from '../bogons.js';
import type { FirewallConfig } from '../schema.js';

const RESERVED = new Set(['any', 'local', BOGONS]);
const LIKE_ADDRESS = /^[0-9.]+(-[0-9.]+)?$/;

/** Group names read one way only: not as a zone, a service, an address or a word of the language. */
export function checkGroups(
  config: FirewallConfig,
  zones: ReadonlyMap<string, unknown> | undefined,
  context: Context,
): void {
  for (const groups of [config.groups?.addresses, config.groups?.services]) {
    for (const name of groups?.keys() ?? []) {
      const span = () => context.atKey(groups as object, name);
      if (RESERVED.has(name) || isServiceForm(name)) {
        context.report(
          'name-reserved',
          span(),
          `'${name}' has a meaning of its own and names no group`,
        );
      } else if (LIKE_ADDRESS.test(name)) {
        context.report('name-reserved', span(), `'${name}' reads as an address and names no group`);
      } else if (zones?.has(name) === true) {
        context.report('name-taken', span(), `'${name}' is a zone and names no group`, {
          related: [{ span: context.atKey(zones, name), message: 'the zone is here' }],
        });
      }
    }
  }
}
