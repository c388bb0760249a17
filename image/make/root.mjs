// SPDX-License-Identifier: BSD-3-Clause
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { mirror } from '../../src/setup/debian13.mjs';
import { listed } from '../../src/setup/packages.mjs';
import { unlessStamped } from '../../src/setup/stamp.mjs';
import { ROOT, SetupError, run } from '../../src/setup/steps.mjs';

/** The Debian 13 root that the image is made of, as the packages leave it. */
export const DEBIAN = 'build/image/debian';

/** What no appliance needs, kept out as packages are unpacked. */
const LEFT_OUT = [
  '/usr/share/doc/*',
  '/usr/share/man/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/lintian/*',
  '/usr/share/bug/*',
  '/usr/include/*',
  '/usr/share/icons/*',
  '/usr/share/bash-completion/*',
  '/usr/lib/x86_64-linux-gnu/*.a',
];

/** Unpacks the packages of the list, unless that was done for the same list. */
export async function makeDebian() {
  const packages = listed(['image']).join(',');
  await unlessStamped('build/image/.debian', `${packages}\n${LEFT_OUT.join('\n')}\n`, async () => {
    const source = mirror();
    if (source === null) throw new SetupError('no Debian mirror in /etc/apt');
    const root = path.join(ROOT, DEBIAN);
    rmSync(`${root}.new`, { recursive: true, force: true });
    mkdirSync(path.dirname(root), { recursive: true });
    await run('Debian 13 packages', [
      'mmdebstrap',
      '--variant=minbase',
      `--include=${packages}`,
      '--keyring=/usr/share/keyrings/debian-archive-keyring.gpg',
      '--aptopt=APT::Install-Recommends "false"',
      // A root that is not finished is made again: dpkg need not wait for the disk after each file.
      '--dpkgopt=force-unsafe-io',
      ...LEFT_OUT.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
      '--dpkgopt=path-include=/usr/share/doc/*/copyright',
      'trixie',
      `${root}.new`,
      source,
    ]);
    rmSync(root, { recursive: true, force: true });
    renameSync(`${root}.new`, root);
  });
}
