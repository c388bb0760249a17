// SPDX-License-Identifier: BSD-3-Clause
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { PLACE, copySources, inside, makeRoot } from '../../src/setup/debian13.mjs';
import { ROOT, SetupError } from '../../src/setup/steps.mjs';
import { DEBIAN } from './root.mjs';

/** Runs on every x86-64 CPU with AES that clouds still offer; DPDK and the crypto code choose at run time. */
const OPTIONS = '-Dmarch=x86-64-v2 --buildtype=release -Db_ndebug=false';

/** What is taken from the compiling root, below its root. */
export const BUILT = {
  datapath: `${PLACE}/src/image/sluice-datapath`,
  library: `${PLACE}/src/image/client/libsluice.so`,
  igbUio: `${PLACE}/src/igb_uio/igb_uio.ko`,
};

/** Kernel of the image, as its modules' folder is called. */
export function kernelRelease() {
  const [release, ...others] = readdirSync(path.join(ROOT, DEBIAN, 'usr/lib/modules'));
  if (release === undefined || others.length > 0)
    throw new SetupError('the Debian root has not one kernel');
  return release;
}

/** Compiles the fast path and the igb_uio module against what the image has. */
export async function compileNative() {
  const problem = await makeRoot();
  if (problem !== null) throw new SetupError(problem);
  const release = kernelRelease();
  if (!readdirSync(path.join(ROOT, PLACE, 'usr/lib/modules')).includes(release))
    throw new SetupError(
      `no headers of kernel ${release} in ${PLACE}: remove build/.debian13 and build again`,
    );
  await copySources();
  mkdirSync(path.join(ROOT, PLACE, 'src/igb_uio'), { recursive: true });
  await inside(
    'meson setup, image',
    `cd /src && [ -e image/build.ninja ] || meson setup image native ${OPTIONS}`,
  );
  await inside(
    'ninja, image',
    'cd /src && ninja -C image sluice-datapath client/libsluice.so && strip image/sluice-datapath image/client/libsluice.so',
  );
  await inside(
    'igb_uio',
    `cd /src/igb_uio && { [ -e igb_uio.ko ] && modinfo -F vermagic igb_uio.ko | grep -q "^${release} " || {
      apt-get update -qq && apt-get download -q dpdk-kmods-dkms && dpkg -x dpdk-kmods-dkms*.deb . &&
      cp usr/src/dpdk-kmods-*/* . && make -C /usr/lib/modules/${release}/build M="$PWD" modules &&
      strip --strip-debug igb_uio.ko; }; }`,
  );
}
