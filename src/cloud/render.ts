// SPDX-License-Identifier: BSD-3-Clause
import type { CloudNetwork, CloudPort } from './network.js';

/** Names of kernel devices, which interfaces of a rule file have too. */
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,15}$/;
/** The language's bounds. */
const LEAST_MTU = 1280;

/**
 * A rule file of the ports that are the fast path's, null where the cloud says nothing of them: addresses
 * and routes, each port in a zone of its own, and no policy: nothing passes until one is written.
 */
export function ruleFile(network: CloudNetwork, management: readonly string[]): string | null {
  const ports = network.ports.filter(
    ({ mac, addresses, dhcp4, dhcp6 }) =>
      !management.includes(mac) && (addresses.length > 0 || dhcp4 || dhcp6),
  );
  if (ports.length === 0) return null;
  const names = namesOf(ports);
  const lines = ports.flatMap((port, i) => {
    const name = names[i] ?? '';
    const mtu = port.mtu === null || port.mtu < LEAST_MTU ? '' : `, mtu: ${port.mtu}`;
    return `  ${name}: { port: { mac: '${port.mac}' }, zone: ${name}, addresses: [${addressesOf(port).join(', ')}]${mtu} }`;
  });
  const routes = ports.flatMap(({ routes }) =>
    routes.map(({ to, via }) => `    - { to: '${to}', via: '${via}' }`),
  );
  return [
    '# What the cloud says of the ports. Nothing passes until a policy lets it.',
    'version: 1',
    'interfaces:',
    ...lines,
    `zones: { ${names.map((name) => `${name}: {}`).join(', ')} }`,
    ...(routes.length === 0 ? [] : ['routing:', '  static:', ...new Set(routes)]),
    '',
  ].join('\n');
}

function addressesOf({ addresses, dhcp4, dhcp6 }: CloudPort): string[] {
  const learnt = [...(dhcp4 ? ['dhcp'] : []), ...(dhcp6 ? ['ra', 'dhcpv6'] : [])];
  return [...learnt, ...addresses.map((one) => `'${one}'`)];
}

/** What the cloud calls them where such names are good and differ, else port1, port2, … */
function namesOf(ports: readonly CloudPort[]): string[] {
  const names = ports.map(({ name }) => name);
  const good = names.every(
    (name) => name !== null && NAME.test(name) && !/^(any|local)$/.test(name),
  );
  if (good && new Set(names).size === names.length) return names.map(String);
  return ports.map((_, i) => `port${i + 1}`);
}

/**
 * What systemd-networkd is to do with the management ports; null where DHCP is all, as without a word from
 * the cloud.
 */
export function networkFiles(
  network: CloudNetwork,
  management: readonly string[],
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const ports = network.ports.filter(({ mac }) => management.includes(mac));
  for (const [i, port] of ports.entries()) {
    if (port.addresses.length === 0) continue;
    const dhcp = port.dhcp4 ? (port.dhcp6 ? 'yes' : 'ipv4') : port.dhcp6 ? 'ipv6' : 'no';
    const routes = port.routes.flatMap(({ to, via }) => [
      '',
      '[Route]',
      `Destination=${to}`,
      `Gateway=${via}`,
    ]);
    files.set(
      `70-cloud${i}.network`,
      [
        '[Match]',
        `MACAddress=${port.mac}`,
        'Type=ether',
        'Kind=!*',
        ...(port.mtu === null ? [] : ['', '[Link]', `MTUBytes=${port.mtu}`]),
        '',
        '[Network]',
        `DHCP=${dhcp}`,
        'LLMNR=no',
        'MulticastDNS=no',
        ...port.addresses.map((one) => `Address=${one}`),
        ...network.dns.map((one) => `DNS=${one}`),
        ...routes,
        '',
      ].join('\n'),
    );
  }
  return files;
}
