// SPDX-License-Identifier: BSD-3-Clause
import path from 'node:path';
import { build } from 'esbuild';
import { ROOT } from '../../src/setup/steps.mjs';

/** What is started: by systemd, by users, as threads. */
const PROGRAMS = [
  'cli/main',
  'cloud/main',
  'daemon/main',
  'daemon/compiler-worker',
  'balancer/health/worker',
];

/**
 * Puts the management plane into `home`, its modules and packages in a few files: opening some hundred of
 * them is half the time that a command or a start takes. What is loaded on demand stays apart. koffi brings
 * a library, `yaml` is looked for only to explain an error: those stay packages.
 */
export async function putJavaScript(home) {
  await build({
    absWorkingDir: ROOT,
    entryPoints: PROGRAMS.map((name) => `build/js/${name}.js`),
    outbase: 'build/js',
    outdir: path.join(home, 'build/js'),
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // A third less to read at each start; names stay, for what a stack tells.
    minifyWhitespace: true,
    minifySyntax: true,
    external: ['koffi', 'yaml'],
    // Some packages are CommonJS and ask for Node's own modules.
    banner: {
      js: "import { createRequire as sluiceRequire } from 'node:module'; const require = sluiceRequire(import.meta.url);",
    },
    legalComments: 'eof',
    logLevel: 'warning',
  });
}
