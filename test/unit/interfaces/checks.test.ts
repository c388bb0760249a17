// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { shown } from '../fixtures/load.js';

const file = (interfaces: string) =>
  `version: 1\nzones: {a: {}, b: {}}\ninterfaces:\n${interfaces
    .split('\n')
    .map((line) => `  ${line}\n`)
    .join('')}`;

describe('interface names', () => {
  it('leave reserved ones alone', () => {
    expect(shown(file('lo: {zone: a}\nany: {zone: a}\nlocal: {zone: local}'))).toEqual([
      "4:3 name-reserved: 'lo' is the kernel's loopback interface",
      "5:3 name-reserved: an interface cannot be named 'any'",
      "6:3 name-reserved: an interface cannot be named 'local'",
      "6:17 name-reserved: 'local' is not a zone of interfaces",
    ]);
    expect(shown('version: 1\nzones: {any: {}, local: {}}\n')).toEqual([
      "2:9 name-reserved: the zone 'any' is every zone and not defined here",
      "2:18 name-reserved: the zone 'local' is the appliance itself and not defined here",
    ]);
  });

  it.each(['a-name-16-chars-', '"a b"', '"a/b"', '"."', '".."', '"a:b"', '""'])(
    'refuse %s',
    (name) => {
      const [first, ...rest] = shown(file(`${name}: {zone: a}`));
      expect(first).toBe(
        `4:3 name-invalid: '${name.replaceAll('"', '')}' is not an interface name`,
      );
      expect(rest).toEqual([]);
    },
  );

  it('take those of Linux', () => {
    expect(shown(file('eth0.20: {zone: a}\n0: {zone: a}\na-name-15-chars: {zone: a}'))).toEqual([]);
  });
});

describe('ports', () => {
  it('are given one way, written well', () => {
    expect(
      shown(
        file(
          'x: {zone: a, port: {}}\ny: {zone: a, port: {pci: 00:05.0}}\nz: {zone: a, port: {mac: 5254}}',
        ),
      ),
    ).toEqual([
      '4:22 port-form: a port is given by pci, mac or vdev, here by none of them',
      '5:28 wrong-value: \'00:05.0\' is not a PCI address like "0000:00:05.0"',
      "6:28 wrong-value: '5254' is not a MAC address like 52:54:00:00:00:01",
    ]);
  });

  it('belong to one interface, whatever the case of a MAC', () => {
    const port = (mac: string) => `zone: a, port: {mac: "${mac}"}`;
    expect(
      shown(file(`x: {${port('52:54:00:00:00:0a')}}\ny: {${port('52:54:00:00:00:0A')}}`)),
    ).toEqual(["5:28 port-duplicate: 'y' and 'x' have the same port"]);
  });
});

describe('zones of interfaces', () => {
  it('exist, and management has none', () => {
    expect(
      shown(file('x: {zone: c}\ny: {zone: a, management: true}\nz: {management: true}\nw: {}')),
    ).toEqual([
      "4:13 unknown-zone: there is no zone 'c' [did you mean 'a'?]",
      '5:13 interface-zone: a management interface is in no zone',
      "7:3 interface-zone: the interface 'w' has no zone [give it 'zone: NAME', or 'management: true' to leave it to the kernel]",
    ]);
  });
});

describe('VLAN children', () => {
  it('are well-formed', () => {
    const text = file(
      [
        'base: {zone: a, mtu: 1600}',
        'v1: {zone: a, vlan: 5}',
        'v2: {zone: a, parent: base}',
        'v3: {zone: a, parent: base, vlan: 6, port: {vdev: net_null0}}',
        'v4: {parent: base, vlan: 7, management: true}',
        'v5: {zone: a, parent: v3, vlan: 8}',
        'v6: {zone: a, parent: bsae, vlan: 9}',
        'v7: {zone: a, parent: kept, vlan: 9}',
        'kept: {management: true}',
        'v8: {zone: a, parent: base, vlan: 6, mtu: 1601}',
        'v9: {zone: a, parent: base, vlan: 4095}',
      ].join('\n'),
    );
    expect(shown(text)).toEqual([
      "5:23 vlan-form: a VLAN child needs 'parent', the interface it sits on",
      "6:25 vlan-form: a VLAN child needs 'vlan', its id",
      '7:40 vlan-form: a VLAN child uses the port of its parent',
      '8:43 vlan-form: a VLAN child of the fast path is not for management',
      "9:25 vlan-form: 'v3' is a VLAN child itself",
      "10:25 unknown-interface: there is no interface 'bsae' [did you mean 'base'?]",
      "11:25 vlan-form: 'kept' is a management interface and left to the kernel",
      "13:37 vlan-duplicate: VLAN 6 of 'base' is 'v3' already",
      "13:45 mtu-vlan: the MTU of 'v8' is above the 1600 of its parent 'base'",
      "14:37 wrong-value: a VLAN id from 1 to 4094 is expected here, not '4095'",
    ]);
  });
});

describe('interface addresses', () => {
  it.each([
    ['10.0.0.0/24', '10.0.0.0 is the network of its prefix'],
    ['10.0.0.255/24', '10.0.0.255 is the broadcast address of its prefix'],
    ['127.0.0.1/8', '127.0.0.1 is a loopback address'],
    ['224.0.0.5/24', '224.0.0.5 is a multicast address'],
    ['0.0.0.0/8', '0.0.0.0 is the unspecified address'],
    ['0.1.2.3/8', '0.1.2.3 is an address of "this network"'],
    ['255.255.255.255/32', '255.255.255.255 is a reserved address'],
    ['"::/64"', ':: is the unspecified address'],
    ['"::1/128"', '::1 is the loopback address'],
    ['"ff02::1/64"', 'ff02::1 is a multicast address'],
    ['"2001:db8::/64"', '2001:db8:: is the network of its prefix'],
  ])('refuse %s', (address, message) => {
    expect(shown(file(`x: {zone: a, addresses: [${address}]}`))).toEqual([
      `4:28 address-not-host: ${message}`,
    ]);
  });

  it.each(['10.0.0.0/31', '10.0.0.255/32', '"2001:db8::/127"', '"2001:db8::/128"', '"fe80::1/64"'])(
    'take %s',
    (address) => {
      expect(shown(file(`x: {zone: a, addresses: [${address}]}`))).toEqual([]);
    },
  );

  it('need a length', () => {
    expect(shown(file('x: {zone: a, addresses: [10.0.0.1]}'))).toEqual([
      "4:28 address-invalid: '10.0.0.1' is not an interface address: a prefix needs a length, as in 10.0.0.0/8 [an interface address has a prefix length, as in 192.0.2.1/24]",
    ]);
  });

  it('of two interfaces do not overlap', () => {
    const text =
      'x: {zone: a, addresses: [10.0.0.1/8, "fe80::1/64"]}\ny: {zone: a, addresses: ["fe80::2/64", 10.9.0.1/24]}\nz: {management: true, addresses: [10.0.0.1/8]}\nw: {zone: a, addresses: [11.0.0.1/24, 11.0.0.2/24]}';
    expect(shown(file(text))).toEqual([
      "5:42 address-overlap: 10.9.0.1/24 of 'y' overlaps 10.0.0.1/8 of 'x'",
    ]);
  });
});
