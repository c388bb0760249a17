// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { runDirectory } from '../daemon/api/rundir.js';
import { parseCloudPorts } from '../platform/cloud-ports.js';
import { bootLines } from '../platform/boot-plan.js';
import { diagnose } from '../platform/doctor/diagnose.js';
import type { Finding } from '../platform/doctor/finding.js';
import { keptMachine, keptManagement } from '../platform/kept.js';
import { parseMachine, type Machine } from '../platform/machine.js';
import { cpuList, MOST_WORKERS, place, type Plan, type Wishes } from '../platform/place.js';
import { recordMachine } from '../platform/record.js';
import { complain, EXIT, parseArguments, print, type Usage } from './arguments.js';

export const usage: Usage = {
  synopsis: 'doctor [--machine FILE] [--cloud FILE] [--record | --plan | --boot] [--json]',
  description:
    'Finds what costs speed or safety on this machine, with the fix on the host or cloud side. Exit 1 with an error among the findings.',
  options: [
    ['--machine FILE', 'a recorded machine instead of this one'],
    [
      '--cloud FILE',
      'what the cloud says of the ports: the JSON of `aws ec2 describe-network-interfaces` or `openstack port show -f json`',
    ],
    ['--management LIST', 'PCI or MAC addresses of ports that are not for the datapath'],
    ['--workers N', 'workers to plan for'],
    ['--vpn', 'tunnels are, or will be, configured'],
    ['--record', 'print this machine as a recording'],
    ['--plan', 'print where workers, queues and memory go'],
    ['--boot', 'the plan in the words that the boot of the image reads'],
    ['--json', 'one document on stdout: findings'],
  ],
};

/** `sluice doctor`: looks at the machine itself; needs no daemon. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 0, {
    machine: { type: 'string' },
    cloud: { type: 'string' },
    management: { type: 'string' },
    workers: { type: 'string' },
    vpn: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    plan: { type: 'boolean', default: false },
    boot: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  if (parsed === null) return EXIT.usage;
  const { values } = parsed;
  const workers = values.workers === undefined ? null : Number(values.workers);
  if (workers !== null && !(Number.isInteger(workers) && workers >= 1 && workers <= MOST_WORKERS)) {
    complain(`--workers takes 1 to ${MOST_WORKERS}`);
    return EXIT.usage;
  }
  const kept = values.machine === undefined ? keptManagement(runDirectory()) : null;
  const wishes: Wishes = { workers, management: values.management?.split(',') ?? kept };
  let machine: Machine;
  try {
    machine = machineOf(values.machine, values.cloud);
  } catch (error) {
    complain((error as Error).message);
    return EXIT.error;
  }
  if (values.record) {
    await print(`${JSON.stringify(machine, null, 2)}\n`);
    return EXIT.ok;
  }
  if (values.boot) {
    await print(bootLines(place(machine, wishes)));
    return EXIT.ok;
  }
  if (values.plan) {
    const plan = place(machine, wishes);
    await print(values.json ? `${JSON.stringify(plan)}\n` : planText(plan));
    return EXIT.ok;
  }
  const findings = diagnose(machine, { ...wishes, vpn: values.vpn });
  await print(values.json ? `${JSON.stringify({ findings })}\n` : findingsText(findings));
  return findings.some(({ severity }) => severity === 'error') ? EXIT.error : EXIT.ok;
}

/** The machine to look at, with what the cloud says of its ports. */
function machineOf(file: string | undefined, cloud: string | undefined): Machine {
  const machine =
    file === undefined ? recordMachine('/', keptMachine(runDirectory())) : read(file, parseMachine);
  return cloud === undefined ? machine : { ...machine, cloud_ports: read(cloud, parseCloudPorts) };
}

function read<T>(file: string, parse: (text: string) => T): T {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nothing found that costs speed or safety\n';
  return findings
    .map(
      ({ id, severity, found, want, fix }) =>
        `${severity} ${id}\n  found  ${found}\n  want   ${want}\n  fix    ${fix}\n`,
    )
    .join('\n');
}

function planText({
  housekeeping,
  workers,
  idle,
  ports,
  management,
  memory,
  kernel,
}: Plan): string {
  const list = (cpus: readonly number[]): string => (cpus.length === 0 ? 'none' : cpuList(cpus));
  const lines = [`kernel and daemons   CPU ${list(housekeeping)}`];
  workers.forEach(({ cpu, node, shared, engines, qat }, index) => {
    const engine = qat === null ? engines[0] : `qat ${qat}`;
    lines.push(
      `worker ${String(index).padEnd(13)} CPU ${cpu}, node ${node}, ${engine ?? ''}${shared ? ', shares its core' : ''}`,
    );
  });
  lines.push(`left idle            CPU ${list(idle)}`);
  for (const { pci, kind, driver, queues, node, workers: pollers } of ports)
    lines.push(
      `port ${pci}    ${kind} by ${driver}, node ${node}, ${queues} queue${queues === 1 ? '' : 's'} for worker ${pollers.join(', ')}`,
    );
  lines.push(`management           ${management.length === 0 ? 'none' : management.join(', ')}`);
  for (const { node, packets_mb, sessions_mb, pages } of memory)
    lines.push(
      `memory of node ${String(node).padEnd(6)}${packets_mb} MB packets, ${sessions_mb} MB sessions: ${pages.map(({ size_kb, count }) => `${count} pages of ${size_kb / 1024} MB`).join(', ')}`,
    );
  return [...lines, `kernel arguments     ${kernel.join(' ')}`, ''].join('\n');
}
