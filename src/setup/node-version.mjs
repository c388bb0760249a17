// SPDX-License-Identifier: BSD-3-Clause
// Imported first by every script: an old Node gets a sentence instead of a syntax error.
const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  process.stderr.write(
    `Sluice needs Node 20 or newer; this is ${process.version}. Debian 13 has it as \`nodejs\`.\n`,
  );
  process.exit(1);
}
