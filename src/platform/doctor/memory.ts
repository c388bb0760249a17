// SPDX-License-Identifier: BSD-3-Clause
import { fixOn, portsOf, type Check } from './finding.js';

/** MB that the smallest appliance needs; a machine of 1 GiB shows somewhat less. */
const LEAST_MB = 900;

export const noHugepages: Check = ({ machine, plan }) => {
  if (plan.ports.length === 0) return [];
  const missing = plan.memory.filter(({ node, packets_mb }) => {
    const have = machine.nodes.find(({ id }) => id === node)?.hugepages ?? [];
    return have.reduce((sum, { size_kb, total }) => sum + size_kb * total, 0) < packets_mb * 1024;
  });
  if (missing.length === 0) return [];
  const pages = missing.flatMap(({ node, pages: all }) =>
    all.map(({ size_kb, count }) => ({ node, size_kb, count })),
  );
  const commands = pages.map(
    ({ node, size_kb, count }) =>
      `echo ${count} > /sys/devices/system/node/node${node}/hugepages/hugepages-${size_kb}kB/nr_hugepages`,
  );
  const inside = `inside, at boot or by hand: ${commands.join('; ')}`;
  return [
    {
      id: 'hugepages-missing',
      severity: 'warning',
      found: `too few huge pages for packets on node ${missing.map(({ node }) => node).join(', ')}`,
      want: pages
        .map(({ node, size_kb, count }) => `${count} pages of ${size_kb / 1024} MB on node ${node}`)
        .join(', '),
      fix: fixOn(machine, {
        openstack: `${inside}; under it: openstack flavor set FLAVOR --property hw:mem_page_size=large`,
        ec2: inside,
        kvm: `${inside}; under it, in the libvirt domain: <memoryBacking><hugepages/></memoryBacking>`,
        metal: inside,
      }),
    },
  ];
};

export const littleMemory: Check = ({ machine }) => {
  const total = machine.nodes.reduce((sum, { memory_mb }) => sum + memory_mb, 0);
  if (total >= LEAST_MB) return [];
  return [
    {
      id: 'memory-low',
      severity: 'error',
      found: `${total} MB of memory`,
      want: '1 GB or more',
      fix: fixOn(machine, {
        openstack: 'openstack flavor create --ram 1024 or more, and resize the server to it',
        ec2: 'take an instance type with 1 GiB or more',
        kvm: 'in the libvirt domain: <memory unit="GiB">1</memory>',
        metal: 'more memory',
      }),
    },
  ];
};

/** Without one a port's device, or who controls it, reads and writes all memory. */
export const noIommu: Check = (patient) => {
  const { machine } = patient;
  // No EC2 instance but bare metal shows one; the Nitro card keeps devices to their guest.
  if (machine.cloud === 'ec2' || (machine.iommu && portsOf(patient).every(behind))) return [];
  if (!portsOf(patient).some(({ kind }) => kind.pmd !== null && kind.bifurcated !== true))
    return [];
  return [
    {
      id: 'iommu-missing',
      severity: 'warning',
      found:
        'no IOMMU between the ports and memory: igb_uio is used, and a device may write anywhere',
      want: 'an IOMMU, and vfio-pci',
      fix: fixOn(machine, {
        openstack:
          'openstack image set IMAGE --property hw_machine_type=q35 --property hw_viommu_model=intel (Nova 2023.1 or newer)',
        ec2: '',
        kvm: 'in the libvirt domain, machine q35: <iommu model="intel"><driver intremap="on" caching_mode="on" iotlb="on"/></iommu>, and <driver iommu="on" ats="on"/> on virtio interfaces; inside: kernel argument intel_iommu=on',
        metal:
          'switch VT-d or AMD-Vi on in the firmware setup; kernel argument intel_iommu=on or amd_iommu=on',
      }),
    },
  ];
};

function behind({ nic, kind }: ReturnType<typeof portsOf>[number]): boolean {
  return kind.pmd === null || kind.bifurcated === true || nic.iommu_group !== null;
}
