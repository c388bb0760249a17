// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, SetupError, run } from '../../src/setup/steps.mjs';
import { builtinModules, dependencies, withNeeded } from './modules.mjs';

/**
 * What it takes to come by a disk and mount what is on it; CDs too, which cloud-init looks for before
 * anything else could load their driver.
 */
const MODULES = [
  'virtio_pci',
  'virtio_blk',
  'virtio_scsi',
  'nvme',
  'ahci',
  'ata_piix',
  'sd_mod',
  'sr_mod',
  'vmw_pvscsi',
  'mptspi',
  'hv_storvsc',
  'xen-blkfront',
  'crc32c_generic',
  'squashfs',
  'ext4',
  'overlay',
];

/** Makes the initramfs: busybox, our init, the modules unpacked in the order of their loading. */
export async function makeInitramfs(modules, output) {
  const folder = path.join(ROOT, 'build/image/initramfs');
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['bin', 'modules']) mkdirSync(path.join(folder, name), { recursive: true });
  copyFileSync('/bin/busybox', path.join(folder, 'bin/busybox'));
  copyFileSync(path.join(ROOT, 'image/initramfs/init'), path.join(folder, 'init'));
  chmodSync(path.join(folder, 'init'), 0o755);
  const files = withNeeded(dependencies(modules), builtinModules(modules), MODULES);
  const order = files.map((file) => {
    const name = path.basename(file).replace(/\.xz$/, '');
    const target = path.join(folder, 'modules', name);
    if (!file.endsWith('.xz')) copyFileSync(path.join(modules, file), target);
    else writeFileSync(target, unpacked(path.join(modules, file)));
    return name;
  });
  writeFileSync(path.join(folder, 'modules/order'), `${order.join('\n')}\n`);
  await run('initramfs', [
    'sh',
    '-c',
    `cd ${folder} && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0 | xz --check=crc32 -T1 > ${output}`,
  ]);
}

function unpacked(file) {
  const { stdout, status } = spawnSync('xz', ['-dc', file], { maxBuffer: 1 << 27 });
  if (status !== 0) throw new SetupError(`${file} cannot be unpacked`);
  return stdout;
}
