// SPDX-License-Identifier: BSD-3-Clause
import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { mirror } from './debian13.mjs';
import { listed } from './packages.mjs';
import { unlessStamped } from './stamp.mjs';
import { ROOT, SetupError, run } from './steps.mjs';

/** Where Debian 13's QEMU lies, which has a NIC with SR-IOV; Debian 12's has none. */
const QEMU = 'build/qemu';

/** Unpacks QEMU and all it needs into a place of its own: the host's packages stay as they are. */
export async function unpackQemu() {
  const packages = listed(['qemu']).join(',');
  await unlessStamped('build/.qemu', `${packages}\n`, async () => {
    const source = mirror();
    if (source === null) throw new SetupError('no Debian mirror in /etc/apt');
    const root = path.join(ROOT, QEMU);
    rmSync(`${root}.new`, { recursive: true, force: true });
    await run('QEMU of Debian 13', [
      'mmdebstrap',
      '--variant=extract',
      `--include=${packages}`,
      '--keyring=/usr/share/keyrings/debian-archive-keyring.gpg',
      '--aptopt=APT::Install-Recommends "false"',
      'trixie',
      `${root}.new`,
      source,
    ]);
    rmSync(root, { recursive: true, force: true });
    renameSync(`${root}.new`, root);
  });
}
