// SPDX-License-Identifier: BSD-3-Clause
import type { Machine, Nic } from './machine.js';

/** A kind of port, and how Sluice comes by its packets. */
export interface DeviceKind {
  readonly name: string;
  /** DPDK's driver of it, null where it has none. */
  readonly pmd: string | null;
  /** The kernel keeps its driver while DPDK uses the device too. */
  readonly bifurcated?: true;
  /** Nothing but software on the host behind registers of an old card: slow under every load. */
  readonly emulated?: true;
  /** A slice of a physical device: what the host filters of its frames it does in hardware. */
  readonly virtualFunction?: true;
  /** Registers want write combining: igb_uio gives it, vfio-pci does not. */
  readonly writeCombining?: true;
  /** It can raise a legacy interrupt, so that uio_pci_generic takes it. */
  readonly legacyInterrupt?: true;
}

const VIRTIO = { name: 'virtio', pmd: 'net_virtio', legacyInterrupt: true } as const;
const E1000E = { name: 'e1000e', pmd: 'net_e1000_em', emulated: true } as const;
const E1000 = {
  name: 'e1000',
  pmd: 'net_e1000_em',
  emulated: true,
  legacyInterrupt: true,
} as const;
const IGB = { name: 'igb', pmd: 'net_e1000_igb' } as const;
const IGBVF = { name: 'igbvf', pmd: 'net_e1000_igb_vf', virtualFunction: true } as const;
const IXGBE = { name: 'ixgbe', pmd: 'net_ixgbe' } as const;
const IXGBEVF = { name: 'ixgbevf', pmd: 'net_ixgbe_vf', virtualFunction: true } as const;
const I40E = { name: 'i40e', pmd: 'net_i40e' } as const;
const ICE = { name: 'ice', pmd: 'net_ice' } as const;
const IAVF = { name: 'iavf', pmd: 'net_iavf', virtualFunction: true } as const;
const MLX5 = { name: 'mlx5', pmd: 'net_mlx5', bifurcated: true } as const;
const MLX5VF = { ...MLX5, name: 'mlx5 VF', virtualFunction: true } as const;
const ENA = { name: 'ena', pmd: 'net_ena', writeCombining: true } as const;
const VMXNET3 = { name: 'vmxnet3', pmd: 'net_vmxnet3' } as const;

/** By PCI vendor:device, from the kernel's and DPDK's tables of what their drivers take. */
const KINDS = new Map<string, DeviceKind>([
  ...ids('1af4', ['1000', '1041'], VIRTIO),
  ...ids('8086', ['100e', '100f', '1004'], E1000),
  ...ids('8086', ['10d3'], E1000E),
  ...ids('10ec', ['8139'], { name: 'rtl8139', pmd: null, emulated: true }),
  ...ids('1022', ['2000'], { name: 'pcnet', pmd: null, emulated: true }),
  ...ids('8086', ['10c9', '10e6', '10e7', '10e8', '1521', '1522', '1533', '1539'], IGB),
  ...ids('8086', ['10ca', '1520'], IGBVF),
  ...ids('8086', ['10fb', '1528', '154d', '1557', '1563', '15ab', '15ac'], IXGBE),
  ...ids('8086', ['10ed', '1515', '1565', '15a8', '15c5'], IXGBEVF),
  ...ids('8086', ['1572', '1583', '1584', '158a', '158b', '37d2'], I40E),
  ...ids('8086', ['1591', '1592', '1593', '159b', '124c', '12d2'], ICE),
  ...ids('8086', ['154c', '1571', '37cd', '1889'], IAVF),
  ...ids('15b3', ['1013', '1015', '1017', '1019', '101b', '101d', '101f', '1021', 'a2d6'], MLX5),
  ...ids('15b3', ['1014', '1016', '1018', '101a', '101c', '101e'], MLX5VF),
  ...ids('1d0f', ['0ec2', '1ec2', 'ec20', 'ec21'], ENA),
  ...ids('15ad', ['07b0'], VMXNET3),
  ...ids('1ae0', ['0042'], { name: 'gve', pmd: 'net_gve' }),
  ...ids('1414', ['00ba'], { name: 'mana', pmd: 'net_mana', bifurcated: true }),
]);

const UNKNOWN: DeviceKind = { name: 'unknown', pmd: null };

/** How a port is driven: by a userspace driver, beside the kernel's, or through the kernel. */
export type Driver =
  'vfio-pci' | 'igb_uio' | 'uio_pci_generic' | 'bifurcated' | 'af_packet' | 'kernel';

export function kindOf({ vendor, device }: Pick<Nic, 'vendor' | 'device'>): DeviceKind {
  return KINDS.get(`${vendor}:${device}`) ?? UNKNOWN;
}

/**
 * The driver for a port of the datapath. vfio-pci where an IOMMU keeps the device to its own memory;
 * igb_uio in clouds without one, and for what wants write combining; last the kernel's device.
 */
export function driverOf(nic: Nic, machine: Machine): Driver {
  const kind = kindOf(nic);
  const has = (name: Machine['modules'][number]): boolean => machine.modules.includes(name);
  if (kind.pmd === null) return 'af_packet';
  if (kind.bifurcated) return 'bifurcated';
  const behindIommu = machine.iommu && nic.iommu_group !== null;
  if (behindIommu && has('vfio-pci')) return 'vfio-pci';
  // With an IOMMU in the way a UIO driver's addresses lead nowhere.
  if (behindIommu) return 'af_packet';
  if (has('igb_uio')) return 'igb_uio';
  if (kind.legacyInterrupt && has('uio_pci_generic')) return 'uio_pci_generic';
  return 'af_packet';
}

function ids(vendor: string, devices: readonly string[], kind: DeviceKind): [string, DeviceKind][] {
  return devices.map((device) => [`${vendor}:${device}`, kind]);
}
