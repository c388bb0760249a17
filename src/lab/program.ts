// SPDX-License-Identifier: BSD-3-Clause
import path from 'node:path';
import { projectRoot } from '../datapath/root.js';

/** A program of the lab as Node can start it: the build, also where this file itself is TypeScript. */
export function program(name: 'agent' | 'guard'): string {
  return path.join(projectRoot(), 'build/js/lab', `${name}.js`);
}

export function builtProgram(name: 'daemon/main' | 'cli/main'): string {
  return path.join(projectRoot(), 'build/js', `${name}.js`);
}
