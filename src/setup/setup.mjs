// SPDX-License-Identifier: BSD-3-Clause
import { buildCharonPlugin } from './charon.mjs';
import { buildJavaScript, installModules } from './javascript.mjs';
import { buildNative } from './native.mjs';
import { installPackages } from './packages.mjs';
import { SetupError, say } from './steps.mjs';

/** From a fresh machine to both planes and strongSwan’s plugin built; what is done costs a look. */
export async function setUp({ packages = ['build', 'run'], builds = ['native'] } = {}) {
  await installPackages(packages);
  await installModules();
  await buildJavaScript();
  for (const build of builds) await buildNative(build);
  await optional(buildCharonPlugin);
}

/** What the rest works without: an archive that is away costs the VPN's key exchange alone. */
export async function optional(build) {
  try {
    await build();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`without the plugin of strongSwan: ${error.message}`);
  }
}
