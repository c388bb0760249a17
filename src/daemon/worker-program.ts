// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../datapath/root.js';

/**
 * The body of a worker thread, by its place under `src` without ending. A thread takes JavaScript only:
 * under a test runner ours is none, the build is.
 */
export function workerProgram(module: string): string {
  const beside = path.join(import.meta.dirname, '..', `${module}.js`);
  return existsSync(beside) ? beside : path.join(projectRoot(), 'build/js', `${module}.js`);
}
