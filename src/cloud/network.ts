// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '../net/address.js';

/** A port as the cloud describes it. */
export interface CloudPort {
  readonly mac: string;
  /** What the cloud calls it; null where it gives no name. */
  readonly name: string | null;
  readonly mtu: number | null;
  /** With prefix length, in the usual form. */
  readonly addresses: readonly string[];
  readonly dhcp4: boolean;
  readonly dhcp6: boolean;
  readonly routes: readonly { readonly to: string; readonly via: string }[];
}

/** The network of a machine as its cloud describes it. */
export interface CloudNetwork {
  readonly ports: readonly CloudPort[];
  readonly dns: readonly string[];
}

export const NO_NETWORK: CloudNetwork = { ports: [], dns: [] };

/** What image/root/usr/lib/sluice/cloud-network gives: whichever form the datasource has. */
const told = z.object({
  /** OpenStack's network_data.json. */
  network_json: z.unknown().optional(),
  /** cloud-init's own, version 1 or 2. */
  network_config: z.unknown().optional(),
  /** EC2's network/interfaces/macs. */
  macs: z.unknown().optional(),
});

const text = z.union([z.string(), z.number().transform(String)]);
const mac = z
  .string()
  .toLowerCase()
  .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
const mtu = z.coerce.number().int().min(576).max(9216).nullish();

const openstack = z.object({
  links: z.array(z.object({ id: text, ethernet_mac_address: mac.optional(), mtu })),
  networks: z
    .array(
      z.object({
        link: text,
        type: text,
        ip_address: text.optional(),
        netmask: text.optional(),
        gateway: text.nullish(),
        routes: z
          .array(z.object({ network: text, netmask: text.optional(), gateway: text }))
          .default([]),
      }),
    )
    .default([]),
  services: z.array(z.object({ type: text, address: text })).default([]),
});

const subnet = z.object({
  type: text,
  address: text.optional(),
  netmask: text.optional(),
  gateway: text.optional(),
  dns_nameservers: z.union([text.transform((one) => [one]), z.array(text)]).default([]),
  routes: z
    .array(
      z.object({
        network: text.optional(),
        destination: text.optional(),
        netmask: text.optional(),
        gateway: text.optional(),
      }),
    )
    .default([]),
});
const version1 = z.object({
  version: z.literal(1),
  config: z.array(
    z.object({
      type: text,
      name: text.optional(),
      mac_address: mac.optional(),
      mtu,
      subnets: z.array(subnet).default([]),
      address: z.union([text.transform((one) => [one]), z.array(text)]).optional(),
    }),
  ),
});

const version2 = z.object({
  version: z.literal(2),
  ethernets: z
    .record(
      z.string(),
      z.object({
        match: z.object({ macaddress: mac.optional() }).optional(),
        mtu,
        addresses: z.array(text).default([]),
        dhcp4: z.boolean().default(false),
        dhcp6: z.boolean().default(false),
        gateway4: text.optional(),
        gateway6: text.optional(),
        routes: z.array(z.object({ to: text, via: text.optional() })).default([]),
        nameservers: z.object({ addresses: z.array(text).default([]) }).optional(),
      }),
    )
    .default({}),
});

const strings = z.union([
  z.string().transform((one) => one.split(/\s+/).filter(Boolean)),
  z.array(z.string()),
]);
const ec2 = z.record(
  mac,
  z.object({
    'device-number': text.optional(),
    'local-ipv4s': strings.optional(),
    'subnet-ipv4-cidr-block': z.string().optional(),
    ipv6s: strings.optional(),
    'subnet-ipv6-cidr-blocks': strings.optional(),
  }),
);

/** Reads what a datasource says; what it says wrongly is left out. */
export function parseCloudNetwork(json: string): CloudNetwork {
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch {
    return NO_NETWORK;
  }
  const given = told.safeParse(raw);
  if (!given.success) return NO_NETWORK;
  const { network_json, network_config, macs } = given.data;
  const stack = openstack.safeParse(network_json);
  if (stack.success) return ofOpenStack(stack.data);
  // Some seeds put all of it below `network`.
  const inner = z.object({ network: z.unknown() }).safeParse(network_config);
  const config = inner.success ? inner.data.network : network_config;
  const one = version1.safeParse(config);
  if (one.success) return ofVersion1(one.data);
  const two = version2.safeParse(config);
  if (two.success) return ofVersion2(two.data);
  const amazon = ec2.safeParse(macs);
  return amazon.success ? ofEc2(amazon.data) : NO_NETWORK;
}

function ofOpenStack({ links, networks, services }: z.infer<typeof openstack>): CloudNetwork {
  const ports = links.flatMap(({ id, ethernet_mac_address: mac, mtu = null }): CloudPort[] => {
    if (mac === undefined) return [];
    const own = networks.filter(({ link }) => link === id);
    return [
      {
        mac,
        name: id,
        mtu,
        addresses: own.flatMap(({ ip_address, netmask }) => prefix(ip_address, netmask)),
        dhcp4: own.some(({ type }) => type === 'ipv4_dhcp'),
        dhcp6: own.some(({ type }) => /^ipv6_(dhcp|slaac)|^ipv6_dhcpv6/.test(type)),
        routes: own.flatMap(({ gateway, routes }) => [
          ...defaultRoute(gateway),
          ...routes.flatMap((one) => route(prefix(one.network, one.netmask), one.gateway)),
        ]),
      },
    ];
  });
  return {
    ports,
    dns: servers(services.filter(({ type }) => type === 'dns').map((s) => s.address)),
  };
}

function ofVersion1({ config }: z.infer<typeof version1>): CloudNetwork {
  const ports = config.flatMap(({ type, name = null, mac_address: mac, mtu = null, subnets }) => {
    if (type !== 'physical' || mac === undefined) return [];
    const is = (pattern: RegExp): boolean => subnets.some((one) => pattern.test(one.type));
    return [
      {
        mac,
        name,
        mtu,
        addresses: subnets.flatMap(({ address, netmask }) => prefix(address, netmask)),
        dhcp4: is(/^dhcp4?$/),
        dhcp6: is(/^(dhcp6|ipv6_dhcpv6.*|ipv6_slaac)$/),
        routes: subnets.flatMap(({ gateway, routes }) => [
          ...defaultRoute(gateway),
          ...routes.flatMap((one) =>
            route(prefix(one.network ?? one.destination, one.netmask), one.gateway),
          ),
        ]),
      },
    ];
  });
  const dns = config.flatMap(({ type, address = [], subnets }) => [
    ...(type === 'nameserver' ? address : []),
    ...subnets.flatMap((one) => one.dns_nameservers),
  ]);
  return { ports, dns: servers(dns) };
}

function ofVersion2({ ethernets }: z.infer<typeof version2>): CloudNetwork {
  const all = Object.entries(ethernets);
  const ports = all.flatMap(([name, one]): CloudPort[] => {
    const mac = one.match?.macaddress;
    if (mac === undefined) return [];
    return [
      {
        mac,
        name,
        mtu: one.mtu ?? null,
        addresses: one.addresses.flatMap((address) => prefix(address, undefined)),
        dhcp4: one.dhcp4,
        dhcp6: one.dhcp6,
        routes: [
          ...defaultRoute(one.gateway4),
          ...defaultRoute(one.gateway6),
          ...one.routes.flatMap(({ to, via }) =>
            /^(default|0\.0\.0\.0\/0|::\/0)$/.test(to)
              ? defaultRoute(via)
              : route(prefix(to, undefined), via),
          ),
        ],
      },
    ];
  });
  return { ports, dns: servers(all.flatMap(([, one]) => one.nameservers?.addresses ?? [])) };
}

/** EC2 names the subnet, whose first address is the router (docs.aws.amazon.com, "Subnet sizing"). */
function ofEc2(macs: z.infer<typeof ec2>): CloudNetwork {
  const ports = Object.entries(macs).map(([mac, one]): CloudPort => {
    const number = one['device-number'];
    const length = (cidr: string | undefined): string => `/${cidr?.split('/')[1] ?? ''}`;
    return {
      mac,
      name: number === undefined ? null : `eth${number}`,
      mtu: null,
      addresses: [
        ...(one['local-ipv4s'] ?? [])
          .slice(0, 1)
          .flatMap((ip) => prefix(`${ip}${length(one['subnet-ipv4-cidr-block'])}`, undefined)),
        ...(one.ipv6s ?? [])
          .slice(0, 1)
          .flatMap((ip) =>
            prefix(`${ip}${length(one['subnet-ipv6-cidr-blocks']?.[0])}`, undefined),
          ),
      ],
      dhcp4: false,
      dhcp6: false,
      routes: [],
    };
  });
  return { ports, dns: [] };
}

/** `address/length`, or address with netmask or length beside it; nothing where it is neither. */
function prefix(address: string | undefined, netmask: string | undefined): string[] {
  if (address === undefined) return [];
  const whole = address.includes('/') ? address : `${address}/${lengthOf(netmask)}`;
  const parsed = parsePrefix(whole);
  return typeof parsed === 'string' ? [] : [formatPrefix(parsed)];
}

/** Of 255.255.255.0, ffff:ffff:: or 24; empty where it is none. */
function lengthOf(netmask: string | undefined): string {
  if (netmask === undefined || /^\d+$/.test(netmask)) return netmask ?? '';
  const parsed = parseAddress(netmask);
  if (typeof parsed === 'string') return '';
  const bits = netmask.includes(':') ? bits6(formatAddress(parsed)) : bits4(netmask);
  return /^1*0*$/.test(bits) ? String(bits.indexOf('0') < 0 ? bits.length : bits.indexOf('0')) : '';
}

function bits4(mask: string): string {
  return mask
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
}

/** Of a mask, whose groups are not zero up to where they all are. */
function bits6(mask: string): string {
  const groups = mask.split('::')[0]?.split(':').filter(Boolean) ?? [];
  const bits = groups.map((group) => parseInt(group, 16).toString(2).padStart(16, '0')).join('');
  return bits.padEnd(128, '0');
}

function defaultRoute(via: string | null | undefined): { to: string; via: string }[] {
  if (via == null) return [];
  return route([via.includes(':') ? '::/0' : '0.0.0.0/0'], via);
}

function route(to: readonly string[], via: string | undefined): { to: string; via: string }[] {
  const [one] = to;
  const gateway = via === undefined ? 'none' : parseAddress(via);
  if (one === undefined || typeof gateway === 'string') return [];
  return [{ to: one, via: formatAddress(gateway) }];
}

function servers(addresses: readonly string[]): string[] {
  const good = addresses.flatMap((one) => {
    const parsed = parseAddress(one);
    return typeof parsed === 'string' ? [] : [formatAddress(parsed)];
  });
  return [...new Set(good)];
}
