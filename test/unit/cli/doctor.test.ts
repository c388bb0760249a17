// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

function doctor(...args: string[]) {
  const argv = ['--import', 'tsx', path.join(ROOT, 'src/cli/main.ts'), 'doctor', ...args];
  return spawnSync(process.execPath, argv, { cwd: ROOT, encoding: 'utf8' });
}

describe('sluice doctor', () => {
  it('prints each finding with its fix, and as JSON', () => {
    const text = doctor('--machine', 'test/machines/kvm-small.json');
    expect([text.status, text.stderr]).toEqual([0, '']);
    expect(text.stdout.split('\n').filter((line) => /^\w/.test(line))).toEqual([
      'warning iommu-missing',
      'warning hugepages-missing',
      'warning cpu-single',
    ]);
    const json = doctor('--machine', 'test/machines/kvm-small.json', '--json');
    const { findings } = JSON.parse(json.stdout) as { findings: Record<string, string>[] };
    expect(findings.map((finding) => Object.keys(finding))).toEqual(
      Array(3).fill(['id', 'severity', 'found', 'want', 'fix']),
    );
  });

  it('says so when there is nothing', () => {
    const { status, stdout } = doctor('--machine', 'test/machines/dual-e5-2680.json');
    expect([status, stdout]).toEqual([0, 'nothing found that costs speed or safety\n']);
  });

  it('prints the placement plan', () => {
    const { stdout } = doctor('--machine', 'test/machines/openstack-dedicated-8.json', '--plan');
    expect(stdout).toMatchInlineSnapshot(`
      "kernel and daemons   CPU 0-3
      worker 0             CPU 4, node 1, ipsec-mb
      worker 1             CPU 6, node 1, ipsec-mb
      left idle            CPU 5,7
      port 0000:81:01.0    iavf by vfio-pci, node 1, 2 queues for worker 0, 1
      port 0000:81:02.0    iavf by vfio-pci, node 1, 2 queues for worker 0, 1
      management           0000:00:03.0
      memory of node 1     64 MB packets, 320 MB sessions: 192 pages of 2 MB
      kernel arguments     isolcpus=managed_irq,domain,4-7 nohz_full=4-7 rcu_nocbs=4-7 irqaffinity=0-3 hugepagesz=2M hugepages=1:192 iommu=pt
      "
    `);
  });

  it('refuses a file that is no recording, and a number of workers that is none', () => {
    const bad = doctor('--machine', 'package.json');
    expect([bad.status, bad.stdout]).toEqual([1, '']);
    expect(bad.stderr).toMatch(/^sluice: package\.json: /);
    const workers = doctor('--workers', '65');
    expect([workers.status, workers.stderr]).toEqual([2, 'sluice: --workers takes 1 to 64\n']);
  });
});
