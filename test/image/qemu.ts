// SPDX-License-Identifier: BSD-3-Clause
import path from 'node:path';
import { projectRoot } from '../../src/datapath/root.js';

const ROOT = path.join(projectRoot(), 'build/qemu/usr');
const LIBRARIES = path.join(ROOT, 'lib/x86_64-linux-gnu');

/** Debian 13's QEMU by its own loader and libraries, whatever the host is. */
export const QEMU: readonly string[] = [
  path.join(LIBRARIES, 'ld-linux-x86-64.so.2'),
  ...['--library-path', LIBRARIES, path.join(ROOT, 'bin/qemu-system-x86_64')],
  ...['share/qemu', 'share/seabios'].flatMap((folder) => ['-L', path.join(ROOT, folder)]),
];

export const OVMF = path.join(ROOT, 'share/OVMF');
