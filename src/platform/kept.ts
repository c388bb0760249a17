// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { replaceSynced } from './disk.js';
import { parseMachine, type Machine } from './machine.js';

/** The recording made before ports were taken from the kernel, if a good one is kept in the folder. */
export function keptMachine(folder: string): Machine | null {
  try {
    return parseMachine(readFileSync(path.join(folder, 'machine.json'), 'utf8'));
  } catch {
    return null;
  }
}

/** PCI or MAC addresses of ports that a rule file leaves to the kernel; null where none does. */
export function keptManagement(folder: string): string[] | null {
  try {
    const text = readFileSync(path.join(folder, 'management'), 'utf8');
    const ports = text.split('\n').filter(Boolean);
    return ports.length > 0 ? ports : null;
  } catch {
    return null;
  }
}

/** Whether that is another set of ports than was kept. Without any, it is the placement's choice again. */
export function keepManagement(folder: string, ports: readonly string[]): boolean {
  const sorted = ports.toSorted();
  if (sorted.join() === (keptManagement(folder) ?? []).join()) return false;
  replaceSynced(path.join(folder, 'management'), sorted.map((one) => `${one}\n`).join(''), 0o644);
  return true;
}
