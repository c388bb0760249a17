// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BundleError, parseRelease, type Release } from './bundle.js';
import { changeEnvironment, readEnvironment } from './grubenv.js';
import { other, SlotError, SLOTS, type Places, type Slot } from './places.js';

export interface SlotShown {
  readonly slot: Slot;
  /** null: nothing that could be started. */
  readonly release: Release | null;
  readonly running: boolean;
  /** What the next start takes when nothing is tried. */
  readonly in_force: boolean;
  /** Started, or about to be, to see whether it is good. */
  readonly on_trial: boolean;
}

/** Both slots as the boot loader has them. */
export function slots(places: Places): SlotShown[] {
  const environment = readEnvironment(environmentOf(places));
  return SLOTS.map((slot) => ({
    slot,
    release: releaseOf(places, slot),
    running: slot === places.running,
    in_force: environment.get('slot') === slot,
    on_trial: environment.get('trial') === slot,
  }));
}

/** The next start takes the other slot, once; it is kept if it proves itself. */
export function tryOther(places: Places): Release {
  const slot = other(places.running);
  const release = releaseOf(places, slot);
  if (release === null) throw new SlotError(`slot ${slot} has nothing that could be started`);
  changeEnvironment(environmentOf(places), { slot: places.running, trial: slot, tries: '1' });
  return release;
}

/** Whatever was to be tried is not. */
export function forgetTrial(places: Places): void {
  changeEnvironment(environmentOf(places), { trial: '', tries: '0' });
}

/** The running slot is good: it is in force from now on. */
export function keepRunning(places: Places): void {
  changeEnvironment(environmentOf(places), { slot: places.running, trial: '', tries: '0' });
}

/** What the kernel is started with from the next start on, in either slot; whether that is new. */
export function setArguments(places: Places, line: string): boolean {
  const file = environmentOf(places);
  if ((readEnvironment(file).get('arguments') ?? '') === line) return false;
  changeEnvironment(file, { arguments: line });
  return true;
}

export function slotFolder(places: Places, slot: Slot): string {
  return path.join(places.boot, 'slots', slot);
}

export function environmentOf(places: Places): string {
  return path.join(places.boot, 'grub/grubenv');
}

function releaseOf(places: Places, slot: Slot): Release | null {
  try {
    return parseRelease(readFileSync(path.join(slotFolder(places, slot), 'release.json'), 'utf8'));
  } catch (error) {
    if (error instanceof BundleError || (error as NodeJS.ErrnoException).code === 'ENOENT')
      return null;
    throw error;
  }
}
