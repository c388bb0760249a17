// SPDX-License-Identifier: BSD-3-Clause
// `npm run image`: builds the appliance's disk into build/image, as qcow2, raw and VMDK.
import '../../src/setup/node-version.mjs';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installPackages } from '../../src/setup/packages.mjs';
import { optional, setUp } from '../../src/setup/setup.mjs';
import { ROOT, endWithChildren, main, run, say, seconds } from '../../src/setup/steps.mjs';
import { makeDisk } from './disk.mjs';
import { makeInitramfs } from './initramfs.mjs';
import { checksum, makeBundle } from './bundle.mjs';
import { compileCharon } from './charon.mjs';
import { bom, contents } from './manifest.mjs';
import { compileNative, kernelRelease } from './native.mjs';
import { DEBIAN, makeDebian } from './root.mjs';
import { STAGE, stage } from './stage.mjs';

const OUT = path.join(ROOT, 'build/image');

async function build() {
  const start = Date.now();
  const git = (...args) =>
    spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' }).stdout?.trim() ?? '';
  const commit = git('rev-parse', 'HEAD');
  const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  // Times in the image are the commit's, so that the same sources and packages give the same image.
  process.env.SOURCE_DATE_EPOCH ??= git('log', '-1', '--format=%ct');
  await installPackages(['imagebuild']);
  await setUp({ packages: ['build'], builds: [] });
  await makeDebian();
  await compileNative();
  await optional(compileCharon);
  await stage();
  const work = path.join(OUT, 'work');
  mkdirSync(work, { recursive: true });
  const release = kernelRelease();
  const squashfs = path.join(OUT, 'root.squashfs');
  const initrd = path.join(work, 'initrd');
  await makeInitramfs(path.join(ROOT, STAGE, 'usr/lib/modules', release), initrd);
  rmSync(squashfs, { force: true });
  await run('squashfs', [
    ...['mksquashfs', path.join(ROOT, STAGE), squashfs, '-noappend', '-quiet', '-no-progress'],
    ...['-comp', 'zstd', '-Xcompression-level', '15', '-b', '256K', '-no-xattrs'],
  ]);
  const raw = path.join(OUT, 'sluice.raw');
  const kernel = path.join(ROOT, DEBIAN, `boot/vmlinuz-${release}`);
  const bundle = path.join(OUT, 'sluice.upgrade');
  const time = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000);
  const built = time.toISOString();
  const parts = { vmlinuz: kernel, initrd, 'root.squashfs': squashfs };
  const told = await makeBundle({ parts, version, commit, built, output: bundle });
  await makeDisk({ squashfs, kernel, initrd, release: told, work, output: raw });
  const files = [raw, path.join(OUT, 'sluice.qcow2'), path.join(OUT, 'sluice.vmdk'), bundle];
  await run('qcow2', ['qemu-img', 'convert', '-O', 'qcow2', '-c', raw, files[1]]);
  await run('VMDK', [
    ...['qemu-img', 'convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized'],
    ...[raw, files[2]],
  ]);
  const listed = contents();
  const list = listed.map(({ kind, name, version: v }) => `${kind} ${name} ${v}\n`).join('');
  writeFileSync(path.join(OUT, 'sluice.manifest'), `sluice ${version} ${commit}\n${list}`);
  writeFileSync(
    path.join(OUT, 'sluice.cdx.json'),
    `${JSON.stringify(bom(listed, { version, commit, time }), null, 1)}\n`,
  );
  const sums = [];
  for (const file of files) {
    sums.push(`${await checksum(file)}  ${path.basename(file)}\n`);
    const mb = (statSync(file).blocks * 512) / 1e6;
    say(`${path.relative(ROOT, file)}: ${mb.toFixed(0)} MB`);
  }
  writeFileSync(path.join(OUT, 'sluice.sha256'), sums.join(''));
  say(`image: ${seconds(start)}`);
  return 0;
}

endWithChildren();
await main(build);
