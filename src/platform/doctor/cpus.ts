// SPDX-License-Identifier: BSD-3-Clause
import { fixOn, type Check } from './finding.js';

/** A part of the wanted time above which somebody else runs on our CPUs. */
const STEAL = 0.01;

/** Clocks that are read without leaving the virtual machine. */
const FAST_CLOCKS = new Set(['tsc', 'kvm-clock', 'hyperv_clocksource_tsc_page']);

export const stolenTime: Check = ({ machine }) => {
  if (machine.steal <= STEAL) return [];
  return [
    {
      id: 'cpu-not-dedicated',
      severity: 'warning',
      found: `the host gave ${percent(machine.steal)} of the time our CPUs wanted to others`,
      want: `vCPUs that have physical CPUs to themselves (steal below ${percent(STEAL)})`,
      fix: fixOn(machine, {
        openstack:
          'openstack flavor set FLAVOR --property hw:cpu_policy=dedicated, then resize the server to it',
        ec2: 'take an instance type that is not burstable (c5n, c6in instead of t2, t3, t3a), or with tenancy `dedicated`: aws ec2 modify-instance-attribute --instance-id ID --instance-type c6in.xlarge',
        kvm: 'pin each vCPU in the libvirt domain: <cputune><vcpupin vcpu="N" cpuset="CPU"/></cputune>, on CPUs no other guest uses',
      }),
    },
  ];
};

export const noAes: Check = ({ machine }) => {
  if (machine.cpu_flags.includes('aes')) return [];
  return [
    {
      id: 'cpu-no-aes',
      severity: 'error',
      found: `the CPU (${machine.cpu_model}) shows no AES instructions`,
      want: 'AES-NI: the session hash and every IPsec tunnel are built on it',
      fix: fixOn(machine, {
        openstack:
          'in nova.conf of the compute hosts: [libvirt] cpu_mode=host-passthrough (or cpu_mode=custom with cpu_model_extra_flags=aes), then a cold start of the server',
        ec2: 'every current instance type has AES-NI: take c5n, c6in or newer',
        kvm: 'in the libvirt domain: <cpu mode="host-passthrough"/>; for QEMU -cpu host',
        metal: 'switch AES-NI on in the firmware setup, or use a CPU that has it',
      }),
    },
  ];
};

export const sharedCores: Check = ({ machine, plan }) => {
  const shared = plan.workers.filter((worker) => worker.shared);
  if (shared.length === 0 || machine.cpus.length === 1) return [];
  return [
    {
      id: 'smt-siblings',
      severity: 'warning',
      found: `CPU ${shared.map(({ cpu }) => cpu).join(', ')} of the workers and another busy CPU are threads of one core`,
      want: 'a core to each worker, and one to the kernel',
      fix: fixOn(machine, {
        openstack:
          'openstack flavor set FLAVOR --property hw:cpu_policy=dedicated --property hw:cpu_thread_policy=isolate, or more vCPUs',
        ec2: 'launch with --cpu-options CoreCount=N,ThreadsPerCore=1, or take the next larger instance type',
        kvm: 'pin vCPUs to threads of different cores, <topology sockets="1" cores="N" threads="1"/>, or more vCPUs',
        metal:
          'ask for fewer workers, or switch SMT off: echo off > /sys/devices/system/cpu/smt/control',
      }),
    },
  ];
};

export const oneCpu: Check = ({ machine }) => {
  if (machine.cpus.length > 1) return [];
  return [
    {
      id: 'cpu-single',
      severity: 'warning',
      found: 'one CPU, which the worker shares with the kernel',
      want: 'two or more: one for the kernel, the others for workers',
      fix: fixOn(machine, {
        openstack:
          'openstack server resize --flavor FLAVOR SERVER, with a flavor of two vCPUs or more',
        ec2: 'take an instance type with two vCPUs or more',
        kvm: 'in the libvirt domain: <vcpu>2</vcpu>',
      }),
    },
  ];
};

export const slowClock: Check = ({ machine }) => {
  if (FAST_CLOCKS.has(machine.clocksource)) return [];
  return [
    {
      id: 'clocksource',
      severity: 'warning',
      found: `the clock is read from ${machine.clocksource}, which leaves the virtual machine each time`,
      want: machine.virtual ? 'tsc or kvm-clock' : 'tsc',
      fix: fixOn(machine, {
        openstack:
          'hosts with constant_tsc and [libvirt] cpu_mode=host-passthrough; inside: kernel arguments clocksource=tsc tsc=reliable',
        ec2: 'take a Nitro instance type; on Xen ones: echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource',
        kvm: 'in the libvirt domain: <clock offset="utc"><timer name="kvmclock" present="yes"/><timer name="hpet" present="no"/></clock>',
        metal: 'kernel arguments clocksource=tsc tsc=reliable, if the CPU has constant_tsc',
      }),
    },
  ];
};

function percent(part: number): string {
  return `${(part * 100).toFixed(1).replace(/\.0$/, '')} %`;
}
