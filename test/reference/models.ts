// SPDX-License-Identifier: BSD-3-Clause
import { NO_NAT } from '../../src/nat/model.js';
import {
  ANY_PROTOCOL,
  type Policy,
  type Rule,
  type Service,
  type ServiceSet,
} from '../../src/firewall/model.js';
import type { Interface, Zone } from '../../src/interfaces/model.js';
import { NO_SYSTEM } from '../../src/system/model.js';
import type { Model } from '../../src/compiler/model.js';
import type { AddressSet, Prefix } from '../../src/net/sets.js';

/** Models written by hand, for tests that need no rule text. */
export const AT = { file: 'test.yaml', line: 1, column: 1 };

export function rule(name: string, parts: Partial<Rule> = {}): Rule {
  return {
    name,
    source: null,
    destination: null,
    service: null,
    action: 'allow',
    log: false,
    logEnd: false,
    stateless: false,
    midstream: false,
    extra: null,
    enabled: true,
    description: null,
    ...parts,
  };
}

export function policy(name: string, from: string[], to: string[], rules: Rule[]): Policy {
  const places = { lines: Uint32Array.from(rules, () => AT.line), files: [AT.file] };
  return { name, at: AT, from, to, keepEstablished: false, rules, places };
}

export function zone(name: string): Zone {
  const flood = { syn: 0, udp: 0, icmp: 0, other: 0, perSource: 0 };
  return { name, at: AT, logDenied: false, synCookies: null, flood, description: null };
}

export function iface(
  name: string,
  zoneName: string | null,
  parts: Partial<Interface> = {},
): Interface {
  return {
    name,
    at: AT,
    port: null,
    parent: null,
    vlan: 0,
    tunnel: null,
    policyBased: false,
    zone: zoneName,
    management: zoneName === null,
    addresses: [],
    mtu: 1500,
    reversePath: 'off',
    learns: [],
    mss: null,
    description: null,
    ...parts,
  };
}

export function model(parts: Partial<Model> = {}): Model {
  return {
    interfaces: [iface('inside', 'inside'), iface('outside', 'outside')],
    system: NO_SYSTEM,
    frr: null,
    zones: [zone('inside'), zone('outside')],
    policies: [],
    schedules: [],
    nat: NO_NAT,
    balancers: [],
    tunnels: [],
    routes: [
      { at: AT, to: prefix4(0, 0), via: null, interface: 'outside', distance: 1 },
      { at: AT, to: prefix6(0n, 0), via: null, interface: 'outside', distance: 1 },
    ],
    assertions: [],
    settings: {
      maxSessions: 65_536,
      maxRoutes: 16_384,
      midstreamGrace: 0,
      fragments: { timeout: 30, datagrams: 1024, perSource: 256 },
      ipv6Extensions: {
        hopByHop: true,
        destinationOptions: true,
        routing: [],
        other: true,
        most: 8,
      },
      timeouts: {
        tcpOpening: 30,
        tcpEstablished: 7200,
        tcpClosing: 60,
        tcpClosed: 10,
        udpOpening: 30,
        udpEstablished: 180,
        icmp: 10,
        other: 600,
      },
    },
    ...parts,
  };
}

export function prefix4(address: number, length: number): Prefix {
  return { address: { family: 4, value: BigInt(address) }, length };
}
export function prefix6(address: bigint, length: number): Prefix {
  return { address: { family: 6, value: address }, length };
}

/** Inclusive ranges, sorted and disjoint. */
export function set(v4: [number, number][], v6: [bigint, bigint][] = []): AddressSet {
  const low = (value: bigint) => value & 0xffffffffffffffffn;
  return {
    v4: Uint32Array.from(v4.flat()),
    v6: BigUint64Array.from(v6.flat().flatMap((value) => [value >> 64n, low(value)])),
  };
}

export function services(...list: Partial<Service>[]): ServiceSet {
  const all = [0, 65535] as const;
  return {
    services: list.map((s) => ({ protocol: ANY_PROTOCOL, source: all, destination: all, ...s })),
  };
}
