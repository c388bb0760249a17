// SPDX-License-Identifier: BSD-3-Clause
import path from 'node:path';

/** Where the running appliance keeps its sockets and state. */
export function runDirectory(given?: string): string {
  const directory = given ?? process.env['SLUICE_RUN_DIR'];
  return directory === undefined || directory === '' ? '/run/sluice' : path.resolve(directory);
}

/** Where it keeps what outlives a reboot; beside all else in a run directory of one's own. */
export function stateDirectory(run: string): string {
  return run === '/run/sluice' ? '/var/lib/sluice' : run;
}

export function apiSocket(directory: string): string {
  return path.join(directory, 'sluiced.sock');
}
