// SPDX-License-Identifier: BSD-3-Clause
// Outlives the lab's process to clean up after it, however that one ends: standard input is a pipe
// from it, closed by the kernel at the latest. Cleaning up has this one way only.
import { cleanUp } from './cleanup.js';
import type { LabState } from './state.js';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
const state = JSON.parse(process.argv[2] ?? '') as LabState;
process.stdin.resume();
process.stdin.on('end', () => void cleanUp(state));
process.stdin.on('error', () => void cleanUp(state));
