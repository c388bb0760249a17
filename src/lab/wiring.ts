// SPDX-License-Identifier: BSD-3-Clause
import { command } from './command.js';
import { EDGE, HOSTS, portName, type LabHost } from './network.js';

/** Makes the namespaces and wires each host to its port of the appliance. */
export async function wire(prefix: string): Promise<void> {
  const edge = prefix + EDGE;
  await command(['ip', 'netns', 'add', edge]);
  await command(['ip', '-n', edge, 'link', 'set', 'lo', 'up']);
  for (const host of HOSTS) await wireHost(prefix, edge, host);
}

async function wireHost(prefix: string, edge: string, host: LabHost): Promise<void> {
  const namespace = prefix + host.name;
  const { behind } = host;
  const port = behind === undefined ? portName(host) : host.name;
  const other = behind === undefined ? edge : prefix + behind.host;
  await command(['ip', 'netns', 'add', namespace]);
  await command([
    'ip',
    '-n',
    other,
    'link',
    'add',
    port,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    namespace,
  ]);
  if (behind === undefined) await surrender(edge, port);
  else await route(other, port, behind);
  await command(['ip', '-n', namespace, '-batch', '-'], { input: hostSetup(host).join('\n') });
  // Partial checksums do not survive the way through a port that is not the kernel's.
  await command(['ip', 'netns', 'exec', namespace, 'ethtool', '-K', 'eth0', 'tx', 'off']);
}

/** The kernel has no business on a port of the appliance: it neither answers nor looks there. */
async function surrender(edge: string, port: string): Promise<void> {
  const within = ['ip', 'netns', 'exec', edge] as const;
  await command([...within, 'sysctl', '-qw', `net.ipv6.conf.${port}.disable_ipv6=1`]);
  await command([
    ...within,
    'ethtool',
    '-K',
    port,
    'tx',
    'off',
    'gro',
    'off',
    'gso',
    'off',
    'tso',
    'off',
  ]);
  const chain = `type filter hook ingress device "${port}" priority 0; policy drop;`;
  const table = `table netdev ports-${port} {\nchain ingress { ${chain} }\n}\n`;
  await command([...within, 'nft', '-f', '-'], { input: table });
  await command(['ip', '-n', edge, 'link', 'set', port, 'arp', 'off', 'up']);
}

/** Makes a host the router to the one behind it; it tells senders of what is larger than the MTU. */
async function route(
  namespace: string,
  port: string,
  { addresses, networks, mtu }: NonNullable<LabHost['behind']>,
): Promise<void> {
  const forwarding = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
  await command(['ip', 'netns', 'exec', namespace, 'sysctl', '-qw', ...forwarding]);
  const setup = [
    `link set ${port} up`,
    ...addresses.map((address) => `address add ${address} dev ${port} nodad noprefixroute`),
    ...networks.map((network) => `route add ${network} dev ${port} mtu lock ${mtu}`),
  ];
  await command(['ip', '-n', namespace, '-batch', '-'], { input: setup.join('\n') });
  await command(['ip', 'netns', 'exec', namespace, 'ethtool', '-K', port, 'tx', 'off']);
}

function hostSetup({ addresses, mtu = 1500, loopback, gateways, routes }: LabHost): string[] {
  const via = (to: string): string => (to.includes(':') ? gateways.v6 : gateways.v4);
  return [
    'link set lo up',
    `link set eth0 mtu ${mtu} up`,
    ...addresses.map((address) => `address add ${address} dev eth0 nodad`),
    ...loopback.map((address) => `address add ${address} dev lo nodad`),
    ...routes.map(
      (to) => `route add ${to} via ${via(to)} advmss ${to.includes(':') ? 1440 : 1460}`,
    ),
  ];
}
