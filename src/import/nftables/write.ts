// SPDX-License-Identifier: BSD-3-Clause
import { nameLists } from '../shared/groups.js';
import type { Interfaces } from '../shared/interfaces.js';
import type { PolicyText } from '../shared/policies.js';
import { noteLines, type Remarks } from '../shared/remarks.js';
import { natLines, otherFamily, policyLines, type NatText } from '../shared/write.js';
import { entry, flow, printable, scalar } from '../shared/yaml.js';
import type { Sets } from './sets.js';

export interface Parts {
  readonly policies: readonly PolicyText[];
  readonly interfaces: Interfaces;
  /** Addresses by interface. */
  readonly own: ReadonlyMap<string, readonly string[]>;
  readonly sets: Sets;
  readonly nat: NatText;
  readonly families: readonly (4 | 6)[];
  readonly remarks: Remarks;
}

/** The whole rule file. */
export function writeNftables(parts: Parts): string {
  const { policies, interfaces, own, sets, nat, families, remarks } = parts;
  const { list, outer } = interfaces;
  const groups = nameLists(policies, (base) => sets.freshName(base), new Map());
  const addresses = [...sets.groups, ...groups.addresses].map(([name, value]) =>
    entry(name, value, '    '),
  );
  const services = [...groups.services].map(([name, value]) => entry(name, value, '    '));
  const [family, more] = families;
  return [
    '# Imported from an nftables ruleset: what hooks prerouting, input, forward and postrouting.',
    '# Such a file does not say which addresses interfaces have, nor where routes lead: what is marked',
    '# FILL IN stands in for it. What the appliance itself sends is always allowed; DHCP replies and',
    '# neighbour discovery to it are as well.',
    ...noteLines(remarks),
    'version: 1',
    '',
    'interfaces:',
    ...list.flatMap((iface) => {
      const { name, kernel } = iface;
      const called = name === kernel ? '' : `; was ${printable(kernel)}`;
      return [
        `  # FILL IN: addresses${iface === outer ? '; the way out' : ''}${called}`,
        entry(name, { zone: name, addresses: own.get(name) ?? [] }, '  '),
      ];
    }),
    '',
    'zones:',
    ...list.map(({ name }) => `  ${scalar(name)}: {}`),
    '',
    '# Strict once addresses and routes are right.',
    'settings: { reverse-path: off }',
    '',
    ...(addresses.length + services.length === 0 ? [] : ['groups:']),
    ...(addresses.length === 0 ? [] : ['  addresses:', ...addresses]),
    ...(services.length === 0 ? [] : ['  services:', ...services]),
    ...(addresses.length + services.length === 0 ? [] : ['']),
    policies.length === 0 ? 'policies: []' : 'policies:',
    ...(more === undefined ? otherFamily(family ?? 4) : []),
    ...policies.flatMap(policyLines),
    '',
    ...natLines(nat),
    'routing:',
    '  # FILL IN: gateways (via), and what lies behind which interface.',
    '  static:',
    ...families.map(
      (one) => `    - ${flow({ to: one === 4 ? '0.0.0.0/0' : '::/0', interface: outer.name })}`,
    ),
    '',
  ].join('\n');
}
