// SPDX-License-Identifier: BSD-3-Clause
import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { attempt } from './command.js';
import { HUGEPAGES } from './hugepages.js';
import { EDGE, HOSTS, SECOND } from './network.js';
import type { LabState } from './state.js';

/** ms a process gets between being asked to end and being ended. */
const PATIENCE = 2000;

/** Gives back all a lab took: its processes, namespaces, hugepages and folder. */
export async function cleanUp(state: LabState): Promise<void> {
  const namespaces = [EDGE, SECOND, ...HOSTS.map(({ name }) => name)].map(
    (name) => state.prefix + name,
  );
  await endProcesses(namespaces);
  for (const name of namespaces) await attempt(['ip', 'netns', 'del', name]);
  if (state.hugepages !== null) writeFileSync(HUGEPAGES, String(state.hugepages));
  rmSync(state.directory, { recursive: true, force: true });
}

/** Ends every process in the namespaces by its id. */
async function endProcesses(namespaces: readonly string[]): Promise<void> {
  const asked = Date.now();
  for (;;) {
    const pids = await processesIn(namespaces);
    if (pids.length === 0) return;
    const late = Date.now() - asked > PATIENCE;
    for (const pid of pids) {
      try {
        process.kill(pid, late ? 'SIGKILL' : 'SIGTERM');
      } catch {
        // It ended by itself in between.
      }
    }
    await wait(50);
  }
}

async function processesIn(namespaces: readonly string[]): Promise<number[]> {
  const lists = await Promise.all(namespaces.map((name) => attempt(['ip', 'netns', 'pids', name])));
  return lists.flatMap(({ stdout }) => stdout.split('\n').filter(Boolean).map(Number));
}
