// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { parseCloudPorts } from '../../../src/platform/cloud-ports.js';
import { diagnose } from '../../../src/platform/doctor/diagnose.js';
import type { Machine, Nic } from '../../../src/platform/machine.js';
import { NO_WISHES } from '../../../src/platform/place.js';
import { recorded } from './corpus.js';

const SOUND = { ...NO_WISHES, vpn: false };
const stack = recorded('openstack-dedicated-8');
const amazon = recorded('ec2-c5n-2xlarge');
const metal = recorded('dual-e5-2680');

/** The ports of the datapath changed alike. */
function ports(machine: Machine, change: Partial<Nic>): Machine {
  const nics = machine.nics.map((nic) => (nic.default_route ? nic : { ...nic, ...change }));
  return { ...machine, nics };
}

/** As virtio behind the virtual IOMMU, with a hash. */
const VIRTIO = { vendor: '1af4', device: '1041', rss: true } as const;
const wan = stack.nics[1]!;
const told = { mac: wan.mac!, security_groups: null, port_security: null, source_dest_check: null };

describe('machines without a fault', () => {
  it.each([
    'dual-e5-2680',
    'epyc-7713-nps4',
    'ec2-c5n-2xlarge',
    'ec2-c6in-32xlarge',
    'openstack-dedicated-8',
  ])('%s has no finding', (name) => {
    expect(diagnose(recorded(name), SOUND)).toEqual([]);
  });
});

/** A fault planted in a sound machine: what is found, and a word of the fix for that kind of host. */
const PLANTED: [id: string, fix: string, machine: Machine, vpn?: boolean][] = [
  [
    'hugepages-missing',
    'hw:mem_page_size=large',
    { ...stack, nodes: stack.nodes.map((node) => ({ ...node, hugepages: [] })) },
  ],
  [
    'hugepages-missing',
    'echo 160 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages',
    { ...metal, nodes: metal.nodes.map((node) => ({ ...node, hugepages: [] })) },
  ],
  ['cpu-not-dedicated', 'hw:cpu_policy=dedicated', { ...stack, steal: 0.03 }],
  ['cpu-not-dedicated', 'an instance type that is not burstable', { ...amazon, steal: 0.2 }],
  [
    'nic-remote-node',
    'hw:pci_numa_affinity_policy=required',
    { ...stack, cpus: stack.cpus.filter(({ node }) => node === 0) },
  ],
  ['nic-node-unknown', 'hw:numa_nodes=1', ports(stack, { node: -1 })],
  ['virtio-single-queue', 'hw_vif_multiqueue_enabled=true', ports(stack, { ...VIRTIO, queues: 1 })],
  ['nic-no-rss', '--vnic-type direct', ports(stack, { ...VIRTIO, rss: false })],
  ['nic-emulated', 'hw_vif_model=virtio', ports(stack, { vendor: '8086', device: '10d3' })],
  ['nic-emulated', '--ena-support', ports(amazon, { vendor: '8086', device: '100e' })],
  ['ena-missing', '--ena-support', ports(amazon, { vendor: '8086', device: '10ed' })],
  ['nic-through-kernel', 'modprobe vfio-pci', { ...metal, modules: [] }],
  ['cpu-no-aes', 'cpu_mode=host-passthrough', { ...stack, cpu_flags: ['hypervisor'] }],
  ['qat-missing', 'pci_passthrough:alias', { ...stack, cpu_flags: ['aes', 'hypervisor'] }, true],
  [
    'qat-missing',
    'echo 16 > /sys/bus/pci/devices/0000:06:00.0/sriov_numvfs',
    {
      ...metal,
      accelerators: [
        {
          pci: '0000:06:00.0',
          vendor: '8086',
          device: '37c8',
          driver: 'c6xx',
          node: 0,
          kind: 'qat-pf',
          functions: 0,
        },
      ],
    },
  ],
  [
    'vf-spoof-check',
    'openstack port set PORT --mac-address 52:54:00:00:99:99',
    {
      ...stack,
      nics: stack.nics.map((nic) => (nic === wan ? { ...nic, mac: '52:54:00:00:99:99' } : nic)),
    },
  ],
  [
    'port-security-on',
    '--disable-port-security',
    { ...ports(stack, VIRTIO), cloud_ports: [{ ...told, port_security: true }] },
  ],
  [
    'security-groups-bypassed',
    '--no-security-group',
    { ...stack, cloud_ports: [{ ...told, security_groups: ['web'] }] },
  ],
  [
    'source-dest-check-on',
    '--no-source-dest-check',
    { ...amazon, cloud_ports: [{ ...told, mac: amazon.nics[1]!.mac!, source_dest_check: true }] },
  ],
  ['clocksource', 'tsc=reliable', { ...stack, clocksource: 'acpi_pm' }],
  [
    'iommu-missing',
    'hw_viommu_model=intel',
    { ...ports(stack, { iommu_group: null }), iommu: false },
  ],
  [
    'smt-siblings',
    'ThreadsPerCore=1',
    { ...amazon, cpus: amazon.cpus.filter(({ core }) => core === 0) },
  ],
  [
    'smt-siblings',
    'hw:cpu_thread_policy=isolate',
    {
      ...ports(stack, { node: 0 }),
      cpus: stack.cpus.filter(({ package: socket, core }) => socket + core === 0),
      nodes: stack.nodes.slice(0, 1),
    },
  ],
  ['cpu-single', 'two vCPUs', { ...amazon, cpus: amazon.cpus.slice(0, 1) }],
  [
    'memory-low',
    'openstack flavor create',
    { ...stack, nodes: stack.nodes.map((node) => ({ ...node, memory_mb: 400 })) },
  ],
];

describe('a planted fault', () => {
  it.each(PLANTED)('%s is found, and nothing else (%s)', (id, fix, machine, vpn?: boolean) => {
    const findings = diagnose(machine, { ...SOUND, vpn: vpn === true });
    expect([...new Set(findings.map((finding) => finding.id))]).toEqual([id]);
    for (const finding of findings) {
      expect(finding.fix).toContain(fix);
      expect(finding.found).not.toBe('');
      expect(finding.want).not.toBe('');
    }
  });

  it('is told with what was found and what to do', () => {
    expect(diagnose({ ...stack, steal: 0.034 }, SOUND)).toMatchInlineSnapshot(`
      [
        {
          "fix": "openstack flavor set FLAVOR --property hw:cpu_policy=dedicated, then resize the server to it",
          "found": "the host gave 3.4 % of the time our CPUs wanted to others",
          "id": "cpu-not-dedicated",
          "severity": "warning",
          "want": "vCPUs that have physical CPUs to themselves (steal below 1 %)",
        },
      ]
    `);
  });

  it('does not hide others', () => {
    const machine = { ...ports(stack, { ...VIRTIO, queues: 1 }), steal: 0.5, clocksource: 'hpet' };
    const found = diagnose(machine, SOUND).map(({ id }) => id);
    expect(found).toEqual([
      'cpu-not-dedicated',
      'virtio-single-queue',
      'virtio-single-queue',
      'clocksource',
    ]);
  });
});

describe('what the cloud says of ports', () => {
  it('is read from the AWS command line tool', () => {
    const text = JSON.stringify({
      NetworkInterfaces: [
        { MacAddress: '0A:00:00:00:00:01', SourceDestCheck: true, Groups: [{ GroupId: 'sg-1' }] },
      ],
    });
    expect(parseCloudPorts(text)).toEqual([
      {
        mac: '0a:00:00:00:00:01',
        security_groups: ['sg-1'],
        port_security: null,
        source_dest_check: true,
      },
    ]);
  });

  it('is read from the OpenStack one, of one port or several', () => {
    const port = { mac_address: 'fa:16:3e:00:00:01', port_security_enabled: false, id: 'x' };
    const ports = [
      {
        mac: 'fa:16:3e:00:00:01',
        security_groups: [],
        port_security: false,
        source_dest_check: null,
      },
    ];
    expect(parseCloudPorts(JSON.stringify(port))).toEqual(ports);
    expect(parseCloudPorts(JSON.stringify([port]))).toEqual(ports);
  });

  it('is refused where it is something else', () => {
    expect(() => parseCloudPorts('{"ports":[]}')).toThrow(
      'neither what `aws ec2 describe-network-interfaces` nor what `openstack port show -f json` prints',
    );
  });
});
