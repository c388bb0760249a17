// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { projectRoot } from '../../../src/datapath/root.js';

const IMAGE = path.join(projectRoot(), 'image');

interface Needs {
  readonly file: string;
  readonly needs: readonly string[];
}

/** The builder is JavaScript: its modules say themselves what they give. */
async function builder<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(path.join(IMAGE, 'make', name)).href)) as T;
}

it('loads modules after what they need, once each', async () => {
  const { dependencies, withNeeded } = await builder<{
    dependencies: (folder: string) => Map<string, Needs>;
    withNeeded: (known: Map<string, Needs>, builtin: Set<string>, names: string[]) => string[];
  }>('modules.mjs');
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-modules-'));
  const lines = [
    'a/x-one.ko.xz: b/two.ko.xz c/three.ko.xz',
    'b/two.ko.xz: c/three.ko.xz',
    'c/three.ko.xz:',
  ];
  writeFileSync(path.join(folder, 'modules.dep'), `${lines.join('\n')}\n`);
  const known = dependencies(folder);
  rmSync(folder, { recursive: true });
  const order = ['c/three.ko.xz', 'b/two.ko.xz', 'a/x-one.ko.xz'];
  expect(withNeeded(known, new Set(), ['x_one', 'two'])).toEqual(order);
  expect(withNeeded(known, new Set(['virtio_pci']), ['virtio_pci', 'three'])).toEqual([
    'c/three.ko.xz',
  ]);
  expect(() => withNeeded(known, new Set(), ['four'])).toThrow(
    'image/modules.list: the kernel has no module four',
  );
});

it('writes the state of GRUB as GRUB reads it', async () => {
  const { environment } = await builder<{ environment: (values: object) => string }>('disk.mjs');
  const block = environment({ slot: 'b', tries: 2 });
  expect(block).toHaveLength(1024);
  expect(block).toMatch(/^# GRUB Environment Block\nslot=b\ntries=2\n#+$/);
});

it('names in the image list what Debian 13 calls DPDK 24.11', () => {
  const list = readFileSync(path.join(IMAGE, 'packages.list'), 'utf8').split('\n');
  const drivers = list.filter((name) => name.startsWith('librte-'));
  expect(drivers.length).toBeGreaterThan(15);
  for (const name of drivers) expect(name).toMatch(/25$/);
});

it('has shell scripts that parse', () => {
  const own = ['ports', 'first-boot', 'keys'].map((name) => `root/usr/lib/sluice/${name}`);
  const scripts = ['initramfs/init', 'root/etc/profile.d/sluice.sh', ...own];
  for (const script of scripts) {
    const { status, stderr } = spawnSync('sh', ['-n', path.join(IMAGE, script)], {
      encoding: 'utf8',
    });
    expect([script, status, stderr]).toEqual([script, 0, '']);
  }
});

it('has units that systemd takes', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'sluice-units-'));
  const units = path.join(root, 'usr/lib/systemd/system');
  cpSync(path.join(IMAGE, 'root'), root, { recursive: true });
  // Their neighbours and programs, as far as a check of ours alone needs them.
  for (const name of ['sysinit', 'multi-user', 'network-pre', 'shutdown', 'basic', 'local-fs'])
    writeFileSync(path.join(units, `${name}.target`), '[Unit]\nDescription=stand-in\n');
  const programs = [
    'usr/bin/node',
    'usr/bin/sluice',
    'usr/lib/sluice/build/native/sluice-datapath',
  ];
  for (const program of programs) {
    mkdirSync(path.dirname(path.join(root, program)), { recursive: true });
    writeFileSync(path.join(root, program), '', { mode: 0o755 });
  }
  const ours = readdirSync(path.join(IMAGE, 'root/usr/lib/systemd/system')).filter((name) =>
    name.endsWith('.service'),
  );
  expect(ours.length).toBeGreaterThanOrEqual(4);
  const { status, stderr } = spawnSync(
    'systemd-analyze',
    ['verify', '--man=no', `--root=${root}`, ...ours],
    {
      encoding: 'utf8',
    },
  );
  rmSync(root, { recursive: true });
  expect([status, stderr.split('\n').filter((line) => line.includes('sluice'))]).toEqual([0, []]);
});
