// SPDX-License-Identifier: BSD-3-Clause
import type { SynCookies } from '../rulefile/values.js';
import type { Position } from '../diagnostics/position.js';
import type { Prefix } from '../net/sets.js';

/** How the datapath finds the device behind an interface. */
export type Port =
  | { readonly kind: 'pci'; readonly pci: string }
  | { readonly kind: 'mac'; readonly mac: string }
  /** A DPDK virtual device with its arguments, e.g. `net_af_packet0,iface=veth0`. */
  | { readonly kind: 'vdev'; readonly vdev: string };

/** Bytes of an inner packet that fit any path of 1500 with room for each algorithm and NAT. */
export const TUNNEL_MTU = 1400;

export interface Interface {
  readonly name: string;
  readonly at: Position;
  readonly port: Port | null;
  /** Name of the interface a VLAN child sits on; then `vlan` is 1..4094. */
  readonly parent: string | null;
  readonly vlan: number;
  /** Name of the tunnel it is the end of. */
  readonly tunnel: string | null;
  /** Of a tunnel that selectors lead to, and no routes. */
  readonly policyBased: boolean;
  /** Zone name; null for a management interface. */
  readonly zone: string | null;
  readonly management: boolean;
  /** Static addresses, host bits kept. */
  readonly addresses: readonly Prefix[];
  /** What else tells it addresses, at run time; of a management interface the kernel's business. */
  readonly learns: readonly Learns[];
  /** Length of the prefix it asks for by DHCPv6. */
  readonly requestPrefix?: number;
  readonly delegated?: Delegated;
  /** IP MTU in bytes, 1280..9216. */
  readonly mtu: number;
  /** Whether packets may come in whose source is routed elsewhere, or nowhere (RFC 3704). */
  readonly reversePath: ReversePath;
  /** Most that SYNs through it may announce; `clamp`: what its MTU leaves. */
  readonly mss: number | 'clamp' | null;
  readonly description: string | null;
}

/** Ports that are left to the kernel, by PCI or MAC address. */
export function managementPorts(interfaces: readonly Interface[]): string[] {
  return interfaces.flatMap(({ management, port }) => {
    if (!management || port === null || port.kind === 'vdev') return [];
    return [port.kind === 'pci' ? port.pci : port.mac];
  });
}

/** By DHCP (RFC 2131), router advertisements (RFC 4862), DHCPv6 (RFC 8415). */
export type Learns = 'dhcp' | 'ra' | 'dhcpv6';

/** An address in a prefix that another interface is lent: subnet, of 64 bits, and host. */
export interface Delegated {
  readonly from: string;
  readonly subnet: number;
  readonly host: bigint;
}

export type ReversePath = 'strict' | 'loose' | 'off';

/** New sessions from a zone admitted a second; 0: no limit. */
export interface Flood {
  readonly syn: number;
  readonly udp: number;
  readonly icmp: number;
  readonly other: number;
  /** From each source address. */
  readonly perSource: number;
}

export interface Zone {
  readonly name: string;
  readonly at: Position;
  /** Log packets that the default deny drops on their way from this zone. */
  readonly logDenied: boolean;
  readonly flood: Flood;
  readonly synCookies: SynCookies | null;
  readonly description: string | null;
}
