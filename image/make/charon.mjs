// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { CONFIGURE, flagsOf } from '../../src/setup/charon.mjs';
import { PLACE, inside, mirror } from '../../src/setup/debian13.mjs';
import { ROOT, SetupError, run } from '../../src/setup/steps.mjs';
import { DEBIAN } from './root.mjs';

const FOLDER = '/src/charon';

/** What is taken from the compiling root, below its root. */
export const PLUGINS = ['libstrongswan-sluice.so', 'libstrongswan-ml.so'].map(
  (name) => `${PLACE}${FOLDER}/${name}`,
);

/**
 * Compiles for the image's strongSwan the plugin that gives SAs to the fast path, and ML-KEM, which Debian
 * leaves out: against the headers of its source package, which is configured once.
 */
export async function compileCharon() {
  const asked = [
    '--root',
    path.join(ROOT, DEBIAN),
    '-W',
    '-f',
    '${Version}',
    'strongswan-libcharon',
  ];
  const version = spawnSync('dpkg-query', asked, { encoding: 'utf8' }).stdout;
  const upstream = /^(?:\d+:)?(\d[\w.]*)/.exec(version)?.[1];
  if (upstream === undefined) throw new SetupError('the image has no strongSwan');
  const place = path.join(ROOT, PLACE, FOLDER);
  mkdirSync(place, { recursive: true });
  const headers = `strongswan-${upstream}`;
  const file = `strongswan_${upstream}.orig.tar.bz2`;
  // What was uploaded for security may be there alone. Debian's patches change no header.
  const pools = [
    `${mirror()}/pool/main`,
    `${mirror().replace(/\/$/, '')}-security/pool/updates/main`,
  ];
  await inside(
    'strongSwan source',
    `cd ${FOLDER} && { [ -e ${headers}/configure ] || {
      echo 'deb-src ${mirror()} trixie main' >/etc/apt/sources.list.d/source.list && apt-get update -qq
      hash=$(apt-cache showsrc strongswan | awk '/^Checksums-Sha256/ { on = 1 } on && $3 == "${file}" { print $1; exit }')
      for pool in ${pools.join(' ')}; do
        /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$pool/s/strongswan/${file}" ${file} "SHA256:$hash" && break
      done; [ -s ${file} ]; }; }`,
  );
  if (!existsSync(path.join(place, headers, 'configure')))
    await run('unpack strongSwan', ['tar', '-xf', path.join(place, file), '-C', place]);
  await inside(
    'configure strongSwan, image',
    `cd ${FOLDER}/${headers} && { [ -s config.h ] ||
      { ./configure --no-create ${CONFIGURE.join(' ')} && ./config.status config.h; }; }`,
  );
  const flags = flagsOf(`${FOLDER}/${headers}`, true).join(' ');
  await inside(
    'plugins of strongSwan, image',
    `cd /src && gcc ${flags} native/charon/*.c -o charon/libstrongswan-sluice.so &&
     cd ${FOLDER}/${headers} && gcc -shared -fPIC -O2 -include config.h -Isrc/libstrongswan \
       src/libstrongswan/plugins/ml/*.c -o ${FOLDER}/libstrongswan-ml.so &&
     strip ${FOLDER}/libstrongswan-*.so`,
  );
}
