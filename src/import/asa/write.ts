// SPDX-License-Identifier: BSD-3-Clause
import type { NamedGroups } from '../shared/groups.js';
import type { Keys, PolicyText } from '../shared/policies.js';
import { natLines, policyLines, type NatText } from '../shared/write.js';
import { entry, flow, printable, type Value } from '../shared/yaml.js';
import type { Iface, Interfaces } from './interfaces.js';
import type { Objects } from './objects.js';

export interface Parts {
  readonly hostname: string | null;
  readonly version: number;
  readonly interfaces: Interfaces;
  /** By `nameif`: sources are checked against routes there. */
  readonly checked: ReadonlySet<string>;
  readonly objects: Objects;
  readonly groups: NamedGroups;
  readonly schedules: readonly (readonly [string, Value])[];
  readonly policies: readonly PolicyText[];
  readonly nat: NatText;
  readonly routes: readonly Keys[];
}

/** The whole rule file. */
export function writeAsa(parts: Parts): string {
  const { interfaces, policies, routes, schedules } = parts;
  return [
    `# Imported from the configuration of ${printable(parts.hostname ?? 'an ASA')}, version ${parts.version}. Access lists are policies`,
    '# between zones, one for each nameif; what stands at no interface is switched off. FILL IN marks',
    '# what such a file does not say: which port is which, and members that are known elsewhere.',
    'version: 1',
    '',
    ...interfaceLines(interfaces.list, parts.checked),
    'settings: { reverse-path: off }',
    '',
    ...groupLines(parts),
    ...(schedules.length === 0
      ? []
      : ['schedules:', ...schedules.map(([name, value]) => entry(name, value, '  ')), '']),
    policies.length === 0 ? 'policies: []' : 'policies:',
    ...policies.flatMap(policyLines),
    '',
    ...natLines(parts.nat),
    ...(routes.length === 0
      ? []
      : ['routing:', '  static:', ...routes.map((route) => `    - ${flow(route)}`), '']),
  ].join('\n');
}

function interfaceLines(list: readonly Iface[], checked: ReadonlySet<string>): string[] {
  if (list.length === 0) return [];
  const zones = list.filter(({ management }) => !management);
  return [
    'interfaces:',
    ...list.flatMap((iface) => {
      const { key, zone, addresses, mtu, parent, vlan, management, description } = iface;
      const missing = [
        ...(parent === null ? ['port'] : []),
        ...(addresses.length === 0 && iface.nameif !== null ? ['addresses'] : []),
      ];
      const fill = missing.length === 0 ? '' : `FILL IN: ${missing.join(', ')}; `;
      return [
        `  # ${fill}was ${printable(iface.hardware)}`,
        entry(
          key,
          {
            ...(parent === null || vlan === null ? {} : { parent, vlan }),
            ...(management ? { management: true } : { zone }),
            ...(addresses.length === 0 ? {} : { addresses }),
            ...(mtu === null ? {} : { mtu }),
            ...(checked.has(iface.nameif ?? '') ? { 'reverse-path': 'strict' } : {}),
            ...(description === null ? {} : { description: printable(description).slice(0, 1000) }),
          },
          '  ',
        ),
      ];
    }),
    '',
    zones.length === 0 ? 'zones: {}' : 'zones:',
    ...zones.map(({ zone, nameif, level }) =>
      entry(zone, nameif === null ? {} : { description: `security level ${level}` }, '  '),
    ),
    '',
  ];
}

function groupLines({ objects, groups }: Parts): string[] {
  const addresses = objects
    .groups()
    .flatMap(({ name, members, open }) => [
      ...(open ? ['    # FILL IN: its members'] : []),
      entry(name, members, '    '),
    ]);
  for (const [name, value] of groups.addresses) addresses.push(entry(name, value, '    '));
  const services = [...groups.services].map(([name, value]) => entry(name, value, '    '));
  if (addresses.length === 0 && services.length === 0) return [];
  return [
    'groups:',
    ...(addresses.length === 0 ? [] : ['  addresses:', ...addresses]),
    ...(services.length === 0 ? [] : ['  services:', ...services]),
    '',
  ];
}
