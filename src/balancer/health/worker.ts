// SPDX-License-Identifier: BSD-3-Clause
// The thread of health checks: it asks, whatever else goes on.
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { ask } from './ask.js';
import { Checker } from './checker.js';
import type { Health } from './state.js';
import type { FromChecks, ToChecks } from './thread.js';

const port = parentPort;
if (port === null) throw new Error('this module is the body of a worker thread');
hurry();
const tell = (message: FromChecks): void => port.postMessage(message);
let keys: readonly string[] = [];
const checker = new Checker({
  ask,
  changed: (key, health) => tell({ changed: { key, health } }),
});
port.on('message', (message: ToChecks) => {
  if (message.configure !== undefined) {
    keys = message.configure.map(([key]) => key);
    checker.configure(new Map(message.configure));
  }
  if (message.report === undefined) return;
  const health = keys.flatMap((key): [string, Health][] => {
    const one = checker.health(key);
    return one === undefined ? [] : [[key, one]];
  });
  tell({ report: { id: message.report, health, late: checker.takeWorstLate() } });
});

/**
 * A check that is late says that a server is slow: this thread goes before those that compile. Linux
 * takes a thread's id where a process's is wanted; who may not is as everybody else.
 */
function hurry(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), -10);
  } catch {
    // No privilege for it.
  }
}
