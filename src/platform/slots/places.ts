// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

export const SLOTS = ['a', 'b'] as const;
export type Slot = (typeof SLOTS)[number];

/** Where an appliance keeps its slots. */
export interface Places {
  /** The boot partition, mounted: grub/grubenv, slots/SLOT/. */
  readonly boot: string;
  /** The data partition, mounted: slots/SLOT/upper, slots/SLOT/state. */
  readonly data: string;
  /** The slot that runs. */
  readonly running: Slot;
  /** It was started to see whether it is good. */
  readonly onTrial: boolean;
  partition(slot: Slot): string;
  /** Bytes of a slot's partition. */
  room(slot: Slot): number;
}

/** Not an appliance, or not root; the message is for the user. */
export class SlotError extends Error {}

const MOUNTED = '/run/sluice-boot';

/** Runs the body with the boot partition mounted. */
export async function withPlaces<T>(body: (places: Places) => Promise<T>): Promise<T> {
  const words = readFileSync('/proc/cmdline', 'utf8').split(/\s+/);
  const slot = SLOTS.find((one) => words.includes(`sluice.slot=${one}`));
  if (slot === undefined) throw new SlotError('this machine was not started from a slot of Sluice');
  mkdirSync(MOUNTED, { recursive: true, mode: 0o700 });
  call('mount', '-o', 'sync,umask=077', '/dev/disk/by-partlabel/sluice-boot', MOUNTED);
  try {
    return await body({
      boot: MOUNTED,
      data: '/data',
      running: slot,
      onTrial: words.includes('sluice.trial=1'),
      partition: deviceOf,
      room: (one) => {
        const name = path.basename(realpathSync(deviceOf(one)));
        return Number(readFileSync(`/sys/class/block/${name}/size`, 'utf8')) * 512;
      },
    });
  } finally {
    call('umount', MOUNTED);
  }
}

function deviceOf(slot: Slot): string {
  return `/dev/disk/by-partlabel/sluice-${slot}`;
}

export function other(slot: Slot): Slot {
  return slot === 'a' ? 'b' : 'a';
}

function call(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new SlotError(stderr.trim() || `${program} failed`);
}
