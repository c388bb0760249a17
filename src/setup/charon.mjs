// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { filesUnder, fingerprint, unlessStamped } from './stamp.mjs';
import { ROOT, SetupError, attempt, run } from './steps.mjs';

const PLACE = path.join(ROOT, 'build/charon');

/** What Debian's own build says where it changes the layout of structs the plugin sees. */
export const CONFIGURE = [
  '--prefix=/usr',
  '--sysconfdir=/etc',
  '--libdir=/usr/lib',
  '--libexecdir=/usr/lib',
  '--disable-defaults',
  '--enable-ikev1',
  '--enable-ikev2',
  '--enable-mediation',
  '--with-capabilities=no',
  '--enable-kernel-netlink',
  '--enable-nonce',
  '--enable-vici',
  '--disable-dependency-tracking',
];

/**
 * Builds build/charon/libstrongswan-sluice.so against the headers of the strongSwan that is
 * installed. They come from Debian's source package and are configured once.
 */
export async function buildCharonPlugin() {
  const asked = spawnSync('dpkg-query', ['-W', '-f', '${Version}', 'strongswan-libcharon']);
  const version = /^(?:\d+:)?(\d[\w.]*)/.exec(asked.stdout.toString())?.[1];
  if (version === undefined) throw new SetupError('strongswan-charon is not installed');
  const headers = path.join(PLACE, `strongswan-${version}`);
  await unlessStamped(`build/charon/.${version}`, `${CONFIGURE.join(' ')}\n`, async () => {
    await unpack(version, headers);
    // Of all that it would make, the header alone is wanted.
    const configure = ['./configure', '--no-create', ...CONFIGURE];
    await run('configure strongSwan', configure, { cwd: headers });
    await run('config.h of strongSwan', ['./config.status', 'config.h'], { cwd: headers });
  });
  const sources = filesUnder('native/charon', (name) => /\.[ch]$/.test(name));
  const inputs = fingerprint([...sources, 'native/vpn/sa_message.h']);
  await unlessStamped('build/charon/.plugin', `${version}\n${inputs}`, () =>
    compile(headers, sources),
  );
}

async function compile(headers, sources) {
  const kernel = path.join(headers, 'src/libcharon/kernel/kernel_interface.h');
  const library = path.join(PLACE, 'libstrongswan-sluice.so');
  const useTime = readFileSync(kernel, 'utf8').includes('KERNEL_SA_USE_TIME');
  await run('compile the plugin of strongSwan', [
    ...['gcc', ...flagsOf(headers, useTime)],
    ...sources.filter((name) => name.endsWith('.c')),
    ...['-o', `${library}.new`],
  ]);
  // A charon that runs keeps the one it has.
  renameSync(`${library}.new`, library);
}

/** What the compiler is told, from the project's root; `useTime`: as strongSwan 6 has it. */
export function flagsOf(headers, useTime) {
  return [
    ...['-shared', '-fPIC', '-O2', '-g', '-std=gnu11', '-fvisibility=default'],
    ...['-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wno-unused-parameter'],
    ...['-include', path.join(headers, 'config.h')],
    ...(useTime ? ['-DSLUICE_HAVE_SA_USE_TIME'] : []),
    ...['-I', 'native'],
    ...['include', 'libstrongswan', 'libcharon'].flatMap((name) => [
      '-isystem',
      path.join(headers, 'src', name),
    ]),
  ];
}

/**
 * The upstream part of the source package: Debian's patches change no header. All revisions of one
 * version share it, so that one missing from the archive is no matter.
 */
async function unpack(version, headers) {
  const apt = privateApt();
  await attempt('apt-get update, sources', ['apt-get', ...apt, 'update']);
  const shown = spawnSync('apt-cache', [...apt, 'showsrc', 'strongswan'], { encoding: 'utf8' });
  const revisions = [...shown.stdout.matchAll(/^Version: (.*)$/gm)]
    .map(([, revision]) => revision)
    .filter((revision) => revision.replace(/^\d+:/, '').startsWith(`${version}-`));
  for (const revision of new Set(revisions)) {
    const argv = [...apt, 'source', '--print-uris', `strongswan=${revision}`];
    const uris = spawnSync('apt-get', argv, { encoding: 'utf8' }).stdout;
    const found = /^'(\S+\.orig\.tar\.\w+)' (\S+) \d+ (\S+)$/m.exec(uris);
    if (found === null) continue;
    const [, uri, name, hash] = found;
    const file = path.join(PLACE, name);
    const helper = ['/usr/lib/apt/apt-helper', 'download-file', uri, file, hash];
    if ((await attempt(`download ${name}`, helper)).code !== 0) continue;
    rmSync(headers, { recursive: true, force: true });
    await run(`unpack ${name}`, ['tar', '-xf', file, '-C', PLACE]);
    return;
  }
  throw new SetupError(`the archive has no source of strongSwan ${version}`);
}

/** apt with the host's own Debian archives as sources of sources, and nothing of it changed. */
function privateApt() {
  const parts = path.join(PLACE, 'sources');
  const lists = path.join(PLACE, 'lists');
  rmSync(parts, { recursive: true, force: true });
  for (const folder of [parts, `${lists}/partial`, `${PLACE}/cache/archives/partial`])
    mkdirSync(folder, { recursive: true });
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [];
  files.push('/etc/apt/sources.list');
  for (const [i, file] of files.entries()) {
    if (!existsSync(file) || !/\.(?:list|sources)$/.test(file)) continue;
    const text = readFileSync(file, 'utf8');
    const debian = file.endsWith('.sources')
      ? text.split(/\n\s*\n/).filter((stanza) => /^URIs:.*\/debian/m.test(stanza))
      : text.split('\n').filter((line) => /^deb\s.*\/debian/.test(line));
    const sources = debian
      .map((entry) => entry.replace(/^Types:.*/m, 'Types: deb-src').replace(/^deb\s/, 'deb-src '))
      .join(file.endsWith('.sources') ? '\n\n' : '\n');
    writeFileSync(path.join(parts, `${i}${path.extname(file)}`), `${sources}\n`);
  }
  return [
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::Etc::sourceparts=${parts}`,
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${PLACE}/cache`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
}
