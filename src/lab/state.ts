// SPDX-License-Identifier: BSD-3-Clause
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Every lab has a folder of its own here, which says all there is to take away. */
const LABS = '/run/sluice-lab';
const MOST = 100;

/** What a lab took of the machine; enough for anybody to give it back. */
export interface LabState {
  /** Begins the names of its namespaces. */
  readonly prefix: string;
  readonly directory: string;
  /** Process that gives all back when the lab's own ends. */
  readonly guard: number;
  /** /proc/sys/vm/nr_hugepages as it was found, or null where it was left alone. */
  readonly hugepages: number | null;
}

/** The first prefix nobody uses; its folder is made, which takes it. */
export function takePrefix(): { readonly prefix: string; readonly directory: string } {
  mkdirSync(LABS, { recursive: true, mode: 0o750 });
  for (let n = 1; n <= MOST; n++) {
    const prefix = n === 1 ? 'sl-' : `sl${n}-`;
    const directory = path.join(LABS, prefix.slice(0, -1));
    try {
      mkdirSync(directory, { mode: 0o750 });
      return { prefix, directory };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  throw new Error(`${MOST} labs run already: see ${LABS}`);
}

export function runDirectoryOf(state: Pick<LabState, 'directory'>): string {
  return path.join(state.directory, 'run');
}

export function writeState(state: LabState): void {
  writeFileSync(path.join(state.directory, 'state.json'), JSON.stringify(state));
}

/** Labs whose guard is gone without having done its work: the machine was cut off, say. */
export function abandoned(): LabState[] {
  let names: string[] = [];
  try {
    names = readdirSync(LABS);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      const text = readFileSync(path.join(LABS, name, 'state.json'), 'utf8');
      const state = JSON.parse(text) as LabState;
      return isGuard(state.guard) ? [] : [state];
    } catch {
      return [];
    }
  });
}

/** Ids are used again: a living process counts only if it is a guard. */
function isGuard(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('lab/guard');
  } catch {
    return false;
  }
}
