// SPDX-License-Identifier: BSD-3-Clause
import { buildJavaScript, installModules } from './javascript.mjs';
import { buildNative } from './native.mjs';
import { installPackages } from './packages.mjs';

/** From a fresh machine to both planes built; what is done already costs a look. */
export async function setUp({ packages = ['build', 'run'], builds = ['native'] } = {}) {
  await installPackages(packages);
  await installModules();
  await buildJavaScript();
  for (const build of builds) await buildNative(build);
}
