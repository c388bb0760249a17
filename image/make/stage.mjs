// SPDX-License-Identifier: BSD-3-Clause
import {
  chmodSync,
  cpSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { ROOT, SetupError, run } from '../../src/setup/steps.mjs';
import { PLUGINS } from './charon.mjs';
import { putJavaScript } from './javascript.mjs';
import { pruneModules } from './modules.mjs';
import { BUILT, kernelRelease } from './native.mjs';
import { DEBIAN } from './root.mjs';

/** The root as it goes into the image. */
export const STAGE = 'build/image/root';
const HOME = 'usr/lib/sluice';

/** What only the build of packages needed, and what each appliance makes itself. */
const REMOVED = [
  'boot',
  'tmp',
  'var/cache',
  'var/lib/apt',
  'var/log',
  'usr/share/python3/debpython',
  'usr/share/perl',
  'usr/lib/x86_64-linux-gnu/perl',
  'usr/lib/x86_64-linux-gnu/perl5',
  'usr/share/mime',
  'usr/share/i18n',
  'usr/lib/udev/hwdb.d',
  'etc/machine-id',
  'etc/hostname',
];

/** Daemons that start when they are configured. */
const OFF = [
  'frr',
  'keepalived',
  'strongswan',
  'nftables',
  'systemd-networkd-wait-online',
  'rsync',
  'e2scrub_reap',
  'e2scrub_all.timer',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
];
/**
 * Units for what the kernel of the image has no module for, which would fail at each boot, and for what
 * nothing here uses.
 */
const NEVER = [
  'proc-sys-fs-binfmt_misc.automount',
  'systemd-binfmt',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'modprobe@drm',
  'modprobe@efi_pstore',
];
const ON = [
  'sluice-ports',
  'sluice-datapath',
  'sluiced',
  'sluice-first-boot',
  'sluice-keys',
  'sluice-prove',
  'systemd-networkd',
  'systemd-resolved',
  'ssh',
];

/** Copies the Debian root and makes an appliance of it. */
export async function stage() {
  const root = path.join(ROOT, STAGE);
  const release = kernelRelease();
  rmSync(root, { recursive: true, force: true });
  await run('copy of the root', ['cp', '-a', '--reflink=auto', path.join(ROOT, DEBIAN), root]);
  const plugins = path.join(root, 'usr/lib/ipsec/plugins');
  for (const file of PLUGINS.filter((one) => existsSync(path.join(ROOT, one))))
    copyFileSync(path.join(ROOT, file), path.join(plugins, path.basename(file)));
  const modules = path.join(root, 'usr/lib/modules', release);
  pruneModules(modules);
  mkdirSync(path.join(modules, 'updates'), { recursive: true });
  copyFileSync(path.join(ROOT, BUILT.igbUio), path.join(modules, 'updates/igb_uio.ko'));
  await run('depmod', ['chroot', root, 'depmod', release]);
  for (const name of REMOVED) {
    rmSync(path.join(root, name), { recursive: true, force: true });
    if (!name.startsWith('etc/')) mkdirSync(path.join(root, name));
  }
  chmodSync(path.join(root, 'tmp'), 0o1777);
  await putProduct(path.join(root, HOME));
  symlinkSync(`../lib/sluice/build/js/cli/main.js`, path.join(root, 'usr/bin/sluice'));
  cpSync(path.join(ROOT, 'image/root'), root, { recursive: true });
  // An empty one is filled in at the first boot; the others spare the boot work it need not do.
  writeFileSync(path.join(root, 'etc/machine-id'), '');
  writeFileSync(path.join(root, 'etc/hostname'), 'sluice\n');
  await administrator(root);
  for (const folder of ['data', 'var/lib/sluice'])
    mkdirSync(path.join(root, folder), { recursive: true });
  for (const file of ['etc/.updated', 'var/.updated']) writeFileSync(path.join(root, file), '');
  const systemctl = (verb, units) => ['chroot', root, 'systemctl', verb, ...units];
  await run('units off', [
    'sh',
    '-c',
    `for u in ${OFF.join(' ')}; do chroot ${root} systemctl disable $u 2>/dev/null; done; true`,
  ]);
  lightSessions(root);
  await run('units on', systemctl('enable', ON));
  await run('units never', systemctl('mask', NEVER));
  for (const name of ['rsa', 'ecdsa', 'ed25519'])
    for (const end of ['', '.pub'])
      rmSync(path.join(root, `etc/ssh/ssh_host_${name}_key${end}`), { force: true });
}

/**
 * The one who may log in, by the SSH keys that come from the cloud: part of the image, so that a slot that
 * is new has it too. No password; what is in the home folder stays across slots.
 */
async function administrator(root) {
  const groups = ['sluice-viewer', 'sluice-operator', 'sluice-admin'];
  for (const name of groups)
    await run(`group ${name}`, ['chroot', root, 'groupadd', '--system', name]);
  const add = [
    'useradd',
    '--groups',
    groups.join(','),
    '--uid',
    '1000',
    '--user-group',
    '--no-create-home',
  ];
  await run('administrator', ['chroot', root, ...add, '--shell', '/bin/bash', 'admin']);
}

/** Who logs in has no use for a service manager of their own, which takes longer to start than all else. */
function lightSessions(root) {
  const file = path.join(root, 'etc/pam.d/common-session');
  const before = readFileSync(file, 'utf8');
  const after = before.replace(/\bpam_systemd\.so\b/, '$& class=user-light');
  if (after === before) throw new SetupError(`${file} does not name pam_systemd.so`);
  writeFileSync(file, after);
}

/** The management plane with its run-time packages, and the fast path beside it. */
async function putProduct(home) {
  mkdirSync(path.join(home, 'build/native/client'), { recursive: true });
  await putJavaScript(home);
  copyFileSync(path.join(ROOT, BUILT.datapath), path.join(home, 'build/native/sluice-datapath'));
  copyFileSync(path.join(ROOT, BUILT.library), path.join(home, 'build/native/client/libsluice.so'));
  copyFileSync(path.join(ROOT, 'package.json'), path.join(home, 'package.json'));
  for (const name of runtimePackages())
    cpSync(path.join(ROOT, name), path.join(home, name), { recursive: true });
}

/** Folders of what the lock file wants at run time on this platform. */
export function runtimePackages() {
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([name, one]) => name !== '' && !one.dev)
    .filter(([, { os, cpu }]) => (os?.includes('linux') ?? true) && (cpu?.includes('x64') ?? true))
    .map(([name]) => name);
}
