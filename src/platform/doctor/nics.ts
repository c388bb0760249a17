// SPDX-License-Identifier: BSD-3-Clause
import { fixOn, nameOf, portsOf, type Check } from './finding.js';

export const emulated: Check = (patient) =>
  portsOf(patient)
    .filter(({ kind }) => patient.machine.virtual && kind.emulated === true)
    .map(({ nic, kind }) => ({
      id: 'nic-emulated',
      severity: 'warning',
      found: `port ${nameOf(nic)} is an emulated ${kind.name}`,
      want: 'virtio, or a virtual function of a NIC of the host',
      fix: fixOn(patient.machine, {
        openstack:
          'openstack image set IMAGE --property hw_vif_model=virtio, or a port with --vnic-type direct',
        ec2: 'a Nitro instance type, and the ENA attribute: aws ec2 modify-instance-attribute --instance-id ID --ena-support',
        kvm: 'in the libvirt domain: <interface><model type="virtio"/></interface>',
      }),
    }));

/** A VF of EC2's older enhanced networking, or a paravirtual Xen port. */
export const noEna: Check = (patient) =>
  portsOf(patient)
    .filter(
      ({ kind }) =>
        patient.machine.cloud === 'ec2' && kind.name !== 'ena' && kind.emulated !== true,
    )
    .map(({ nic, kind }) => ({
      id: 'ena-missing',
      severity: 'warning',
      found: `port ${nameOf(nic)} is a ${kind.name}, not an ENA`,
      want: 'enhanced networking by ENA',
      fix: 'aws ec2 modify-instance-attribute --instance-id ID --ena-support while the instance is stopped, and an instance type that has it (c5n, c6in)',
    }));

export const noDriver: Check = (patient) =>
  portsOf(patient)
    .filter(({ kind, placed }) => placed.driver === 'af_packet' && kind.emulated !== true)
    .map(({ nic, kind }) => ({
      id: 'nic-through-kernel',
      severity: 'warning',
      found:
        kind.pmd === null
          ? `port ${nameOf(nic)}: no userspace driver for ${nic.vendor}:${nic.device}`
          : `port ${nameOf(nic)}: a userspace driver (${kind.pmd}), but none of vfio-pci and igb_uio takes it here`,
      want: 'a port that the datapath drives itself',
      fix:
        kind.pmd === null
          ? fixOn(patient.machine, {
              openstack: 'openstack image set IMAGE --property hw_vif_model=virtio',
              ec2: 'an instance type with ENA (c5n, c6in)',
              kvm: 'in the libvirt domain: <interface><model type="virtio"/></interface>',
              metal: 'a NIC of the list in the README',
            })
          : 'use the kernel of the appliance, which has both modules; modprobe vfio-pci, or igb_uio where there is no IOMMU',
    }));

export const remoteNode: Check = (patient) => {
  const { machine, plan } = patient;
  const near = new Set(plan.workers.map(({ node }) => node));
  return portsOf(patient)
    .filter(({ nic }) => nic.node >= 0 && !near.has(nic.node))
    .map(({ nic }) => ({
      id: 'nic-remote-node',
      severity: 'warning',
      found: `port ${nameOf(nic)} is on NUMA node ${nic.node}, the workers are on node ${[...near].join(', ')}`,
      want: 'CPUs for workers, and memory, on the node of the port',
      fix: fixOn(machine, {
        openstack:
          'openstack flavor set FLAVOR --property hw:numa_nodes=1 --property hw:pci_numa_affinity_policy=required (for a port: openstack port set PORT --numa-policy-required)',
        ec2: 'an instance type within one socket (c6in.16xlarge or smaller), or one as large as the host',
        kvm: 'pin vCPUs and memory to the node of the device: <cputune><vcpupin …/></cputune>, <numatune><memory mode="strict" nodeset="NODE"/></numatune>',
        metal:
          'put the card into a slot of the other socket, or let workers run there: fewer CPUs for others',
      }),
    }));
};

export const unknownNode: Check = (patient) => {
  const { machine } = patient;
  if (machine.nodes.length < 2) return [];
  return portsOf(patient)
    .filter(({ nic }) => nic.node < 0)
    .map(({ nic }) => ({
      id: 'nic-node-unknown',
      severity: 'warning',
      found: `the machine has ${machine.nodes.length} NUMA nodes and does not say on which port ${nameOf(nic)} is`,
      want: 'a port that shows its node, so that workers go there',
      fix: fixOn(machine, {
        openstack:
          'openstack flavor set FLAVOR --property hw:numa_nodes=1, so that there is one node only, or a port with --vnic-type direct',
        ec2: 'an instance type within one socket (c6in.16xlarge or smaller)',
        kvm: 'put the device behind a <controller type="pci" model="pcie-expander-bus"><target busNr="128"><node>NODE</node></target></controller>',
        metal: 'a newer firmware, which fills in the ACPI table of proximity (_PXM)',
      }),
    }));
};

export const oneQueue: Check = (patient) =>
  portsOf(patient)
    .filter(
      ({ nic, kind }) =>
        kind.name === 'virtio' && nic.queues === 1 && patient.plan.workers.length > 1,
    )
    .map(({ nic }) => ({
      id: 'virtio-single-queue',
      severity: 'warning',
      found: `port ${nameOf(nic)} has one queue for ${patient.plan.workers.length} workers`,
      want: `${patient.plan.workers.length} queues`,
      fix: fixOn(patient.machine, {
        openstack: 'openstack image set IMAGE --property hw_vif_multiqueue_enabled=true',
        ec2: 'an instance type with ENA, whose ports have a queue for each vCPU up to 8 or 32',
        kvm: `in the libvirt domain: <interface><driver queues="${patient.plan.workers.length}"/></interface>; for QEMU: queues= on the netdev, mq=on on the device`,
      }),
    }));

export const noRss: Check = (patient) =>
  portsOf(patient)
    .filter(
      ({ nic, placed }) =>
        nic.rss === false && placed.queues > 1 && patient.plan.workers.length > 1,
    )
    .map(({ nic }) => ({
      id: 'nic-no-rss',
      severity: 'warning',
      found: `port ${nameOf(nic)} has ${nic.queues ?? 1} queues and no hash that spreads flows over them`,
      want: 'receive side scaling: without it packets are handed between workers',
      fix: fixOn(patient.machine, {
        openstack: 'a virtual function: openstack port create --vnic-type direct',
        ec2: 'an instance type with ENA',
        kvm: 'in the libvirt domain: <interface><driver rss="on" rss_hash_report="off"/></interface>; for QEMU: virtio-net-pci,rss=on',
        metal: 'a NIC with receive side scaling',
      }),
    }));

/** The host drops what a VF sends from another address than it was given. */
export const spoofCheck: Check = (patient) =>
  portsOf(patient)
    .filter(
      ({ nic, kind }) =>
        kind.virtualFunction === true &&
        nic.mac !== null &&
        nic.permanent_mac !== null &&
        nic.mac !== nic.permanent_mac,
    )
    .map(({ nic }) => ({
      id: 'vf-spoof-check',
      severity: 'error',
      found: `virtual function ${nic.pci} sends as ${nic.mac ?? ''}, the host gave it ${nic.permanent_mac ?? ''}: a spoof check there drops all it sends`,
      want: 'one MAC address on both sides, or no spoof check',
      fix: fixOn(patient.machine, {
        openstack: `openstack port set PORT --mac-address ${nic.mac ?? ''}, or --disable-port-security --no-security-group`,
        ec2: `use the address of the network interface: ${nic.permanent_mac ?? ''}`,
        kvm: `on the host: ip link set PF vf N mac ${nic.mac ?? ''}, or ip link set PF vf N spoofchk off trust on`,
      }),
    }));
