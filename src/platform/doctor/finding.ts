// SPDX-License-Identifier: BSD-3-Clause
import { kindOf, type DeviceKind } from '../devices.js';
import type { Machine, Nic } from '../machine.js';
import type { Plan, PlacedPort } from '../place.js';

/** Something that costs speed (warning) or safety, or keeps ports from working (error). */
export interface Finding {
  readonly id: string;
  readonly severity: 'error' | 'warning';
  readonly found: string;
  readonly want: string;
  /** What to do, on which side. */
  readonly fix: string;
}

/** What a check looks at. */
export interface Patient {
  readonly machine: Machine;
  readonly plan: Plan;
  /** The configuration has tunnels. */
  readonly vpn: boolean;
}

export type Check = (patient: Patient) => Finding[];

/** A port of the datapath with all that is known of it. */
export interface Port {
  readonly nic: Nic;
  readonly placed: PlacedPort;
  readonly kind: DeviceKind;
}

export function portsOf({ machine, plan }: Patient): Port[] {
  return plan.ports.flatMap((placed) => {
    const nic = machine.nics.find(({ pci }) => pci === placed.pci);
    return nic === undefined ? [] : [{ nic, placed, kind: kindOf(nic) }];
  });
}

/** How a fix is done on each side; `kvm` is for libvirt and what has no cloud's name. */
export interface Fixes {
  readonly openstack: string;
  readonly ec2: string;
  readonly kvm: string;
  /** Without a hypervisor; else `kvm`. */
  readonly metal?: string;
}

export function fixOn({ cloud, virtual }: Machine, fixes: Fixes): string {
  if (cloud === 'openstack') return fixes.openstack;
  if (cloud === 'ec2') return fixes.ec2;
  return virtual ? fixes.kvm : (fixes.metal ?? fixes.kvm);
}

export function nameOf({ pci, mac }: Nic): string {
  return mac === null ? pci : `${pci} (${mac})`;
}
