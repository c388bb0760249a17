// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { NO_NETWORK, parseCloudNetwork, type CloudNetwork } from '../../../src/cloud/network.js';
import { networkFiles, ruleFile } from '../../../src/cloud/render.js';
import { loadModel } from '../../../src/compiler/load.js';

const MANAGEMENT = '52:54:00:00:00:01';
const DATA = '52:54:00:00:00:02';

const WANTED: CloudNetwork = {
  ports: [
    {
      mac: MANAGEMENT,
      name: 'mgmt',
      mtu: null,
      addresses: ['192.0.2.10/24'],
      dhcp4: false,
      dhcp6: false,
      routes: [{ to: '0.0.0.0/0', via: '192.0.2.1' }],
    },
    {
      mac: DATA,
      name: 'wan',
      mtu: 1450,
      addresses: ['198.51.100.2/28', '2001:db8::2/64'],
      dhcp4: false,
      dhcp6: false,
      routes: [
        { to: '10.0.0.0/8', via: '198.51.100.1' },
        { to: '::/0', via: '2001:db8::1' },
      ],
    },
  ],
  dns: ['192.0.2.53'],
};

const OPENSTACK = {
  links: [
    { id: 'mgmt', type: 'ovs', ethernet_mac_address: MANAGEMENT, vif_id: 'x', mtu: null },
    { id: 'wan', type: 'ovs', ethernet_mac_address: '52:54:00:00:00:02', mtu: 1450 },
  ],
  networks: [
    {
      id: 'n0',
      link: 'mgmt',
      type: 'ipv4',
      ip_address: '192.0.2.10',
      netmask: '255.255.255.0',
      routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '192.0.2.1' }],
    },
    {
      id: 'n1',
      link: 'wan',
      type: 'ipv4',
      ip_address: '198.51.100.2',
      netmask: '255.255.255.240',
      routes: [{ network: '10.0.0.0', netmask: '255.0.0.0', gateway: '198.51.100.1' }],
    },
    {
      id: 'n2',
      link: 'wan',
      type: 'ipv6',
      ip_address: '2001:db8::2',
      netmask: 'ffff:ffff:ffff:ffff::',
      routes: [{ network: '::', netmask: '::', gateway: '2001:db8::1' }],
    },
  ],
  services: [{ type: 'dns', address: '192.0.2.53' }],
};

const VERSION1 = {
  version: 1,
  config: [
    {
      type: 'physical',
      name: 'mgmt',
      mac_address: MANAGEMENT,
      subnets: [
        {
          type: 'static',
          address: '192.0.2.10/24',
          gateway: '192.0.2.1',
          dns_nameservers: '192.0.2.53',
        },
      ],
    },
    {
      type: 'physical',
      name: 'wan',
      mac_address: DATA.toUpperCase(),
      mtu: 1450,
      subnets: [
        {
          type: 'static',
          address: '198.51.100.2',
          netmask: '255.255.255.240',
          routes: [{ network: '10.0.0.0', netmask: 8, gateway: '198.51.100.1' }],
        },
        { type: 'static6', address: '2001:db8::2/64', gateway: '2001:db8::1' },
      ],
    },
  ],
};

const VERSION2 = {
  network: {
    version: 2,
    ethernets: {
      mgmt: {
        match: { macaddress: MANAGEMENT },
        addresses: ['192.0.2.10/24'],
        routes: [{ to: 'default', via: '192.0.2.1' }],
        nameservers: { addresses: ['192.0.2.53', 'no address'] },
      },
      wan: {
        match: { macaddress: DATA },
        mtu: 1450,
        addresses: ['198.51.100.2/28', '2001:db8::2/64', 'no address'],
        gateway6: '2001:db8::1',
        routes: [{ to: '10.0.0.0/8', via: '198.51.100.1' }],
      },
    },
  },
};

describe('the network as clouds describe it', () => {
  it.each([
    ['OpenStack', { network_json: OPENSTACK }],
    ['cloud-init, version 1', { network_config: VERSION1 }],
  ])('by %s', (_name, told) => {
    expect(parseCloudNetwork(JSON.stringify(told))).toEqual(WANTED);
  });

  it('by cloud-init, version 2', () => {
    const network = parseCloudNetwork(JSON.stringify({ network_config: VERSION2 }));
    const sorted = network.ports.map((port) => ({
      ...port,
      routes: port.routes.toSorted((a, b) => (a.to < b.to ? -1 : 1)),
    }));
    expect({ ...network, ports: sorted }).toEqual(WANTED);
  });

  it('by EC2', () => {
    const macs = {
      [MANAGEMENT]: {
        'device-number': '0',
        'local-ipv4s': '10.0.0.10\n10.0.0.11',
        'subnet-ipv4-cidr-block': '10.0.0.0/24',
      },
      [DATA]: {
        'device-number': 1,
        'local-ipv4s': ['10.0.1.10'],
        'subnet-ipv4-cidr-block': '10.0.1.0/24',
        ipv6s: ['2001:db8:1::a'],
        'subnet-ipv6-cidr-blocks': ['2001:db8:1::/64'],
      },
    };
    const { ports } = parseCloudNetwork(JSON.stringify({ macs }));
    expect(ports.map(({ mac, name, addresses }) => [mac, name, addresses])).toEqual([
      [MANAGEMENT, 'eth0', ['10.0.0.10/24']],
      [DATA, 'eth1', ['10.0.1.10/24', '2001:db8:1::a/64']],
    ]);
  });

  it.each([
    '',
    'null',
    '[]',
    '{"network_json": {"links": 7}}',
    '{"network_config": {"version": 3}}',
  ])('is none where nothing can be made of it: %s', (text) => {
    expect(parseCloudNetwork(text)).toEqual(NO_NETWORK);
  });
});

describe('what is made of it', () => {
  it('is a rule file of the ports of the fast path, which lets nothing pass', () => {
    const text = ruleFile(WANTED, [MANAGEMENT]);
    expect(text).toMatchInlineSnapshot(`
      "# What the cloud says of the ports. Nothing passes until a policy lets it.
      version: 1
      interfaces:
        wan: { port: { mac: '52:54:00:00:00:02' }, zone: wan, addresses: ['198.51.100.2/28', '2001:db8::2/64'], mtu: 1450 }
      zones: { wan: {} }
      routing:
        static:
          - { to: '10.0.0.0/8', via: '198.51.100.1' }
          - { to: '::/0', via: '2001:db8::1' }
      "
    `);
    const { diagnostics, model } = loadModel('cloud.yaml', () => text);
    expect(diagnostics).toEqual([]);
    expect(model?.policies).toEqual([]);
  });

  it('has names of its own where the cloud has none that serve', () => {
    const ports = WANTED.ports.map((port) => ({ ...port, name: 'a name with spaces', routes: [] }));
    expect(ruleFile({ ports, dns: [] }, [])).toContain(
      "port2: { port: { mac: '52:54:00:00:00:02' }, zone: port2,",
    );
    expect(ruleFile(WANTED, [MANAGEMENT, DATA])).toBeNull();
  });

  it('is a file of systemd-networkd for management with addresses, else DHCP stays', () => {
    expect(Object.fromEntries(networkFiles(WANTED, [MANAGEMENT]))).toMatchInlineSnapshot(`
      {
        "70-cloud0.network": "[Match]
      MACAddress=52:54:00:00:00:01
      Type=ether
      Kind=!*

      [Network]
      DHCP=no
      LLMNR=no
      MulticastDNS=no
      Address=192.0.2.10/24
      DNS=192.0.2.53

      [Route]
      Destination=0.0.0.0/0
      Gateway=192.0.2.1
      ",
      }
    `);
    expect(networkFiles({ ports: [], dns: [] }, [MANAGEMENT]).size).toBe(0);
  });
});
