// SPDX-License-Identifier: BSD-3-Clause
import type { CloudPort } from '../machine.js';
import {
  fixOn,
  nameOf,
  portsOf,
  type Check,
  type Finding,
  type Patient,
  type Port,
} from './finding.js';

type Told = Port & { readonly told: CloudPort };

/** Ports of the datapath about which the cloud has told something. */
function toldPorts(patient: Patient): Told[] {
  return portsOf(patient).flatMap((port) => {
    const told = patient.machine.cloud_ports.find(({ mac }) => mac === port.nic.mac);
    return told === undefined ? [] : [{ ...port, told }];
  });
}

/** The cloud drops what is forwarded: its source is none of the port's addresses. */
export const portSecurity: Check = (patient) =>
  toldPorts(patient)
    .filter(({ told, kind }) => told.port_security === true && kind.virtualFunction !== true)
    .map(({ nic }): Finding => ({
      id: 'port-security-on',
      severity: 'error',
      found: `port security of ${nameOf(nic)} is on: the cloud drops packets that are forwarded`,
      want: 'no port security and no security group on ports that forward: the appliance filters',
      fix: `openstack port set PORT --no-security-group --disable-port-security (PORT with MAC ${nic.mac ?? ''}); to keep it on: --allowed-address ip-address=0.0.0.0/0`,
    }));

/** Rules that look in force, and that no packet of a VF ever meets. */
export const bypassedGroups: Check = (patient) =>
  toldPorts(patient)
    .filter(
      ({ told, kind }) =>
        patient.machine.cloud === 'openstack' &&
        kind.virtualFunction === true &&
        (told.security_groups ?? []).length > 0,
    )
    .map(({ nic, told }): Finding => ({
      id: 'security-groups-bypassed',
      severity: 'warning',
      found: `port ${nameOf(nic)} is a virtual function: its traffic goes past security group ${(told.security_groups ?? []).join(', ')}`,
      want: 'no security group that only seems to filter',
      fix: 'openstack port set PORT --no-security-group --disable-port-security, and the same rules in a policy here',
    }));

export const sourceDestCheck: Check = (patient) =>
  toldPorts(patient)
    .filter(({ told }) => told.source_dest_check === true)
    .map(({ nic }): Finding => ({
      id: 'source-dest-check-on',
      severity: 'error',
      found: `the source/destination check of ${nameOf(nic)} is on: EC2 drops packets that are forwarded`,
      want: 'no check on ports that forward',
      fix: `aws ec2 modify-network-interface-attribute --network-interface-id ENI --no-source-dest-check (ENI with MAC ${nic.mac ?? ''})`,
    }));

/** QAT is split on the host, or not given to this machine. */
export const noQat: Check = ({ machine, vpn }) => {
  const functions = machine.accelerators.filter(({ kind }) => kind === 'qat-vf');
  if (functions.length > 0) return [];
  const whole = machine.accelerators.find(({ kind, functions: n }) => kind === 'qat-pf' && n === 0);
  const slow = vpn && !machine.cpu_flags.includes('vaes');
  if (whole === undefined && !slow) return [];
  return [
    {
      id: 'qat-missing',
      severity: 'warning',
      found:
        whole === undefined
          ? 'tunnels are configured, the CPU has no vector AES, and there is no QAT function'
          : `QAT ${whole.pci} has no virtual functions: the datapath cannot use it`,
      want: 'a QAT virtual function on the node of the workers',
      fix:
        whole === undefined
          ? fixOn(machine, {
              openstack:
                'openstack flavor set FLAVOR --property pci_passthrough:alias=qat-vf:1 --property hw:pci_numa_affinity_policy=preferred',
              ec2: 'an instance type whose CPU has vector AES (c6in, c6i, c7i)',
              kvm: 'in the libvirt domain: <hostdev mode="subsystem" type="pci"><source><address …/></source></hostdev> with a QAT function of the host, or a CPU with vector AES',
            })
          : `echo 16 > /sys/bus/pci/devices/${whole.pci}/sriov_numvfs`,
    },
  ];
};
