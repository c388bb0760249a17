// SPDX-License-Identifier: BSD-3-Clause
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseMachine, type Machine } from '../../../src/platform/machine.js';

const FOLDER = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../machines');

/** Names of the recorded machines. */
export const MACHINES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

export function recorded(name: string): Machine {
  return parseMachine(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8'));
}
