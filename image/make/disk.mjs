// SPDX-License-Identifier: BSD-3-Clause
import {
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { ROOT, SetupError, run } from '../../src/setup/steps.mjs';

const MB = 2 ** 20;
/** MiB of each part of the disk; the data partition grows into a larger disk at the first boot. */
const PARTS = [
  { name: 'bios', mb: 1, type: '21686148-6449-6E6F-744E-656564454649' },
  { name: 'sluice-boot', mb: 96, type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' },
  { name: 'sluice-a', mb: 320, type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4' },
  { name: 'sluice-b', mb: 320, type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4' },
  { name: 'sluice-data', mb: 512, type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4' },
];
const GRUB = '/usr/lib/grub/i386-pc';
const MODULES =
  'part_gpt fat normal linux loadenv serial terminal search search_label test echo configfile minicmd reboot';
const SECTOR = 512;

/** Puts boot loader, kernel, root and an empty data partition together: no loop device, no mount. */
export async function makeDisk({ squashfs, kernel, initrd, release, work, output }) {
  const room = PARTS.find(({ name }) => name === 'sluice-a').mb * MB;
  if (statSync(squashfs).size > room) throw new SetupError('the root is larger than its slot');
  const total = 2 + PARTS.reduce((sum, { mb }) => sum + mb, 0);
  rmSync(output, { force: true });
  writeFileSync(output, '');
  truncateSync(output, total * MB);
  const table = PARTS.map(({ name, mb, type }) => `size=${mb}MiB, type=${type}, name="${name}"`);
  const script = path.join(work, 'table');
  writeFileSync(script, `label: gpt\n${table.join('\n')}\n`);
  await run('partitions', ['sh', '-c', `sfdisk -q ${output} < ${script}`]);
  const start = new Map();
  let at = 1;
  for (const { name, mb } of PARTS) {
    start.set(name, at * MB);
    at += mb;
  }
  await bootPartition({ kernel, initrd, release, work, size: PARTS[1].mb * MB });
  const data = path.join(work, 'data.img');
  rmSync(data, { force: true });
  writeFileSync(data, '');
  truncateSync(data, PARTS[4].mb * MB);
  await run('data partition', [
    'mke2fs',
    '-q',
    '-t',
    'ext4',
    '-L',
    'sluice-data',
    '-E',
    'lazy_itable_init=1,nodiscard',
    data,
  ]);
  await biosLoader({ work, output, at: start.get('bios') });
  for (const [file, name] of [
    [path.join(work, 'boot.img'), 'sluice-boot'],
    [squashfs, 'sluice-a'],
    [data, 'sluice-data'],
  ])
    await run(`fill ${name}`, [
      'dd',
      `if=${file}`,
      `of=${output}`,
      'bs=1M',
      `seek=${start.get(name) / MB}`,
      'conv=notrunc,sparse',
      'status=none',
    ]);
}

/** FAT, for UEFI and GRUB both: the loader, its configuration and state, a kernel for each slot. */
async function bootPartition({ kernel, initrd, release, work, size }) {
  const image = path.join(work, 'boot.img');
  rmSync(image, { force: true });
  writeFileSync(image, '');
  truncateSync(image, size);
  await run('boot partition', ['mkfs.vfat', '-n', 'SLUICE', '-i', '51C1CE00', image]);
  const early = path.join(work, 'early.cfg');
  writeFileSync(early, 'search --no-floppy --label SLUICE --set=root\nset prefix=($root)/grub\n');
  const efi = path.join(work, 'BOOTX64.EFI');
  await run('GRUB for UEFI', [
    'sh',
    '-c',
    `grub-mkimage -O x86_64-efi -p /grub -c ${early} -o ${efi} ${MODULES} efi_gop efi_uga`,
  ]);
  const env = path.join(work, 'grubenv');
  writeFileSync(env, environment({ slot: 'a' }));
  const put = (file, to) => `mcopy -i ${image} ${file} ::${to}`;
  const script = [
    `mmd -i ${image} ::/EFI ::/EFI/BOOT ::/grub ::/slots ::/slots/a ::/slots/b`,
    put(efi, '/EFI/BOOT/BOOTX64.EFI'),
    put(path.join(ROOT, 'image/boot/grub.cfg'), '/grub/grub.cfg'),
    put(env, '/grub/grubenv'),
    put(kernel, '/slots/a/vmlinuz'),
    put(initrd, '/slots/a/initrd'),
    put(release, '/slots/a/release.json'),
  ];
  await run('boot files', ['sh', '-ec', script.join('\n')]);
}

/** A grubenv block: 1,024 bytes, padded with `#`. */
export function environment(values) {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  return `# GRUB Environment Block\n${lines.join('')}`.padEnd(1024, '#');
}

/**
 * GRUB's BIOS half without grub-bios-setup, which wants a device: the boot sector is told where the core
 * begins (offset 0x5c, 64 bit), the core's first sector where the rest is (its last 12 bytes).
 */
async function biosLoader({ work, output, at }) {
  const early = path.join(work, 'early.cfg');
  const file = path.join(work, 'core.img');
  await run('GRUB for BIOS', [
    'sh',
    '-c',
    `grub-mkimage -O i386-pc -p /grub -c ${early} -o ${file} biosdisk ${MODULES}`,
  ]);
  const core = readFileSync(file);
  const sector = at / SECTOR;
  const list = SECTOR - 12;
  core.writeBigUInt64LE(BigInt(sector + 1), list);
  core.writeUInt16LE(Math.ceil(core.length / SECTOR) - 1, list + 8);
  const boot = readFileSync(path.join(GRUB, 'boot.img'));
  boot.writeBigUInt64LE(BigInt(sector), 0x5c);
  const disk = openSync(output, 'r+');
  // The partition table's part of the first sector stays as it is.
  writeSync(disk, boot.subarray(0, 440), 0, 440, 0);
  writeSync(disk, core, 0, core.length, at);
  closeSync(disk);
}
