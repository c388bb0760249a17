// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { unlessStamped } from './stamp.mjs';
import { ROOT, readText, run } from './steps.mjs';

/**
 * The build folders of the fast path. The sanitized ones have no -march of the machine's newest
 * vectors: their shadow checks cost more there than they find.
 */
export const BUILDS = {
  native: { options: [], env: {} },
  asan: {
    options: ['-Db_sanitize=address,undefined', '-Doptimization=1', '-Db_lundef=false'],
    env: {},
  },
  fuzz: {
    options: [
      '-Dfuzz=true',
      '-Db_sanitize=address,undefined',
      '-Doptimization=1',
      '-Db_lundef=false',
    ],
    env: { CC: 'clang' },
  },
};

/** Builds one of BUILDS into build/NAME; set up anew when options, compiler, DPDK or CPU changed. */
export async function buildNative(name) {
  const { options, env } = BUILDS[name];
  const folder = `build/${name}`;
  const stamp = JSON.stringify({ options, env, ...toolchain(env.CC ?? 'gcc') });
  await unlessStamped(`build/.meson-${name}`, `${stamp}\n`, async () => {
    const again = existsSync(path.join(ROOT, folder, 'build.ninja')) ? ['--wipe'] : [];
    await run(`meson setup ${name}`, ['meson', 'setup', ...again, folder, 'native', ...options], {
      env,
    });
  });
  await run(`ninja ${name}`, ['ninja', '-C', folder]);
}

function toolchain(compiler) {
  const ask = (...argv) => spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' }).stdout?.trim();
  return {
    compiler: ask(compiler, '-dumpfullversion'),
    dpdk: ask('pkg-config', '--modversion', 'libdpdk'),
    cpu: /model name\s*: (.*)/.exec(readText('/proc/cpuinfo') ?? '')?.[1],
  };
}
