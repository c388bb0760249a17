// SPDX-License-Identifier: BSD-3-Clause
import { nameLists } from '../shared/groups.js';
import type { Interfaces } from '../shared/interfaces.js';
import type { Ipsets } from './ipsets.js';
import type { PolicyText } from '../shared/policies.js';
import { otherFamily, policyLines } from '../shared/write.js';
import { noteLines, type Remarks } from '../shared/remarks.js';
import type { Site } from './site.js';
import { oneOrList, texts } from '../shared/values.js';
import { entry, flow, printable, scalar } from '../shared/yaml.js';

/** The whole rule file. */
export function writeFile(
  policies: readonly PolicyText[],
  site: Site,
  interfaces: Interfaces,
  ipsets: Ipsets,
  schedules: ReadonlyMap<string, string>,
  family: 4 | 6,
  remarks: Remarks,
): string {
  const local = oneOrList(texts(site.addressTypes.get('LOCAL') ?? [], family));
  const known = new Map([[JSON.stringify(local), 'own-addresses']]);
  const groups = nameLists(policies, (base) => ipsets.freshName(base), known);
  return [
    ...head(family, remarks),
    ...interfaceLines(site, interfaces),
    '',
    '# Strict once addresses and routes are right.',
    'settings: { reverse-path: off }',
    '',
    ...groupLines(groups, ipsets, family),
    ...scheduleLines(schedules),
    'policies:',
    ...otherFamily(family),
    ...policies.flatMap(policyLines),
    '',
    ...routeLines(site),
    '',
  ].join('\n');
}

function head(family: 4 | 6, remarks: Remarks): string[] {
  const lines = [
    `# Imported from ${family === 4 ? 'iptables' : 'ip6tables'}-save: INPUT and FORWARD of the filter table.`,
    '# Such a file does not say which addresses interfaces have, nor where routes lead: what is marked',
    '# FILL IN is a guess or stands in for it. What the appliance itself sends is always allowed; DHCP',
    '# replies and neighbour discovery to it are as well.',
  ];
  return [...lines, ...noteLines(remarks), 'version: 1', ''];
}

function interfaceLines({ addresses, found }: Site, { list, outer }: Interfaces): string[] {
  const lines = ['interfaces:'];
  for (const iface of list) {
    const { name, kernel } = iface;
    const own = addresses.get(name) ?? [];
    const guessed = own.length > 1 ? '; those behind the first are destinations of INPUT' : '';
    const called = name === kernel ? '' : `; was ${printable(kernel)}`;
    lines.push(
      `  # FILL IN: addresses${guessed}${iface === outer ? '; the way out' : ''}${called}`,
    );
    lines.push(entry(name, { zone: name, addresses: own }, '  '));
  }
  if (found.size === 0 && list.length === 0) return [];
  return [...lines, '', 'zones:', ...list.map(({ name }) => `  ${scalar(name)}: {}`)];
}

function groupLines(groups: ReturnType<typeof nameLists>, ipsets: Ipsets, family: 4 | 6): string[] {
  const all = family === 4 ? '0.0.0.0/0' : '::/0';
  const addresses: string[] = [];
  for (const { name, include, except, empty } of ipsets.groups) {
    if (empty) addresses.push('    # FILL IN: its members');
    const value = except.length === 0 ? include : { include, except };
    addresses.push(entry(name, value, '    '));
  }
  for (const [name, group] of ipsets.complements)
    addresses.push(entry(group, { include: all, except: name }, '    '));
  for (const [name, value] of groups.addresses) {
    if (name === 'own-addresses') addresses.push('    # FILL IN: as interfaces have them');
    addresses.push(entry(name, value, '    '));
  }
  const services = [...groups.services].map(([name, value]) => entry(name, value, '    '));
  if (addresses.length === 0 && services.length === 0) return [];
  return [
    'groups:',
    ...(addresses.length === 0 ? [] : ['  addresses:', ...addresses]),
    ...(services.length === 0 ? [] : ['  services:', ...services]),
    '',
  ];
}

function scheduleLines(schedules: ReadonlyMap<string, string>): string[] {
  if (schedules.size === 0) return [];
  return ['schedules:', ...[...schedules].map(([text, name]) => `  ${name}: ${text}`), ''];
}

function routeLines({ routes }: Site): string[] {
  return [
    'routing:',
    '  # FILL IN: gateways (via), and what lies behind which interface.',
    '  static:',
    ...routes.map((route) => `    - ${flow(route)}`),
  ];
}
