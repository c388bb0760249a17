// SPDX-License-Identifier: BSD-3-Clause

/**
 * A host in the lab: a namespace with one interface on the appliance's port of the same name, or
 * behind another host, which routes for it.
 */
export interface LabHost {
  readonly name: 'inside' | 'dmz' | 'wan' | 'far';
  readonly addresses: readonly string[];
  /** Of its link, 1500 unless given. It asks for segments of 1460 all the same: who sends has to learn. */
  readonly mtu?: number;
  /** The appliance there, by family; the provider's router routes our networks to it. */
  readonly gateways: { readonly v4: string; readonly v6: string };
  readonly routes: readonly string[];
  /** Further addresses of its own, on the loopback. */
  readonly loopback: readonly string[];
  /** The host it is behind, that one's addresses on the link, and what it routes there, how large. */
  readonly behind?: {
    readonly host: LabHost['name'];
    readonly addresses: readonly string[];
    readonly networks: readonly string[];
    readonly mtu: number;
  };
  /** What it serves: each port echoes. */
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

/** The network that rules/office.yaml is written for. */
export const HOSTS: readonly LabHost[] = [
  {
    name: 'inside',
    addresses: ['10.1.0.10/16', '2001:db8:a::10/64'],
    gateways: { v4: '10.1.0.1', v6: '2001:db8:a::1' },
    routes: ['0.0.0.0/0', '::/0'],
    loopback: [],
    tcp: [],
    udp: [],
  },
  {
    name: 'dmz',
    addresses: ['10.20.0.11/24', '2001:db8:14::11/64'],
    mtu: 1400,
    gateways: { v4: '10.20.0.1', v6: '2001:db8:14::1' },
    routes: ['0.0.0.0/0', '::/0'],
    loopback: [],
    tcp: [22, 8080],
    udp: [5353],
  },
  {
    name: 'wan',
    addresses: ['198.51.100.1/28', '2001:db8:1::1/64'],
    gateways: { v4: '198.51.100.2', v6: '2001:db8:1::2' },
    routes: ['10.1.0.0/16', '10.20.0.0/24', '2001:db8:a::/64', '2001:db8:14::/64'],
    loopback: ['203.0.113.80/32', '2001:db8:ffff::80/128'],
    tcp: [25, 80],
    udp: [53],
  },
  {
    name: 'far',
    addresses: ['203.0.113.130/25', '2001:db8:fffe::130/64'],
    gateways: { v4: '203.0.113.129', v6: '2001:db8:fffe::129' },
    routes: ['0.0.0.0/0', '::/0'],
    loopback: [],
    behind: {
      host: 'wan',
      addresses: ['203.0.113.129/25', '2001:db8:fffe::129/64'],
      networks: ['203.0.113.128/25', '2001:db8:fffe::/64'],
      mtu: 1280,
    },
    tcp: [80],
    udp: [],
  },
];

/** Addresses the checks speak to. */
export const INTERNET = { v4: '203.0.113.80', v6: '2001:db8:ffff::80' } as const;
export const FAR = { v4: '203.0.113.130', v6: '2001:db8:fffe::130' } as const;
export const SERVER = { v4: '10.20.0.11', v6: '2001:db8:14::11' } as const;

/** The namespace the appliance runs in. */
export const EDGE = 'edge';

/** The namespace of a second server in the dmz, for tests that make one. */
export const SECOND = 'second';

/** Name of the appliance's port towards a host, as rules/office.yaml has it. */
export function portName(host: LabHost): string {
  return `sl-${host.name}`;
}
