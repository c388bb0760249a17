// SPDX-License-Identifier: BSD-3-Clause
// `node src/setup/run.mjs MODULE [ARGS]`: sets up, then runs build/js/MODULE.js in this terminal.
import './node-version.mjs';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { setUp } from './setup.mjs';
import { ROOT, main } from './steps.mjs';

/** Runs a built module as the foreground process; signals of the terminal reach it by themselves. */
function foreground(module, args) {
  return new Promise((resolve) => {
    const program = path.join(ROOT, 'build/js', `${module}.js`);
    const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit' });
    process.on('SIGINT', () => undefined);
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

await main(async () => {
  const [module, ...args] = process.argv.slice(2);
  await setUp();
  return foreground(module, args);
});
