// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, SetupError } from '../../src/setup/steps.mjs';
import { DEBIAN } from './root.mjs';
import { runtimePackages } from './stage.mjs';

/** Everything in the image: `{kind: deb|npm, name, version}`, sorted. */
export function contents() {
  const argv = ['--root', path.join(ROOT, DEBIAN), '-W', '-f', '${Package}\t${Version}\n'];
  const { stdout, status } = spawnSync('dpkg-query', argv, { encoding: 'utf8' });
  if (status !== 0) throw new SetupError('the package list of the root cannot be read');
  const debs = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([name, version]) => ({ kind: 'deb', name, version }));
  const npm = runtimePackages().map((folder) => {
    const file = path.join(ROOT, folder, 'package.json');
    const { name, version, license } = JSON.parse(readFileSync(file, 'utf8'));
    return { kind: 'npm', name, version, license };
  });
  return [...debs.sort(byName), ...npm.sort(byName)];
}

/** The contents as CycloneDX 1.5, with the commit they were built from. */
export function bom(parts, { version, commit, time }) {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: time.toISOString(),
      component: {
        type: 'firmware',
        name: 'sluice',
        version,
        licenses: [{ license: { id: 'BSD-3-Clause' } }],
        properties: [{ name: 'commit', value: commit }],
      },
    },
    components: parts.map((part) => ({
      type: 'library',
      name: part.name,
      version: part.version,
      purl: purl(part),
      ...(part.license === undefined ? {} : { licenses: [{ license: { id: part.license } }] }),
    })),
  };
}

function purl({ kind, name, version }) {
  if (kind === 'deb')
    return `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=amd64&distro=debian-13`;
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function byName(a, b) {
  return a.name < b.name ? -1 : 1;
}
