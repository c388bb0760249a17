// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { open, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Bundle, BundleError, type Part, type Release } from './bundle.js';
import { other, type Places, type Slot } from './places.js';
import { copySettled } from './settled.js';
import { forgetTrial, slotFolder, tryOther } from './slots.js';

/** Told at each step: what is written, and the bytes of it that are, of how many. */
export type Tell = (name: Part, done: number, bytes: number) => void;

/** Of the state, what is the running datapath's or the machine's own, and is made anew. */
const LEFT_OUT = /(\.sock|\.log|\.pid|\.new)$|^(counters.*|plan|plan\.key|machine\.json)$/;

/**
 * Writes an upgrade into the slot that does not run and has it tried at the next start. Until the last
 * step the boot loader knows nothing of it: whenever the power goes, the running slot comes back.
 */
export async function upgrade(file: string, places: Places, tell: Tell): Promise<Release> {
  const bundle = await Bundle.open(file);
  try {
    // A damaged one must not cost the slot we could go back to.
    await bundle.verify();
    const slot = other(places.running);
    const room = places.room(slot);
    if (bundle.release.files['root.squashfs'].bytes > room)
      throw new BundleError(`root.squashfs is larger than its slot of ${room / 2 ** 20} MiB`);
    const folder = slotFolder(places, slot);
    forgetTrial(places);
    mkdirSync(folder, { recursive: true });
    // Without it the slot counts as empty.
    rmSync(path.join(folder, 'release.json'), { force: true });
    await copy(bundle, 'root.squashfs', await open(places.partition(slot), 'r+'), tell);
    for (const name of ['vmlinuz', 'initrd'] as const) {
      const target = path.join(folder, name);
      const next = await open(`${target}.new`, 'w', 0o600);
      await copy(bundle, name, next, tell);
      renameSync(`${target}.new`, target);
    }
    await copyState(places, slot);
    spawnSync('sync', ['-f', places.data]);
    await writeRelease(folder, bundle.release);
    return tryOther(places);
  } finally {
    await bundle.close();
  }
}

/** Writes a part, waits until it is on the disk, and closes. */
async function copy(bundle: Bundle, name: Part, to: FileHandle, tell: Tell): Promise<void> {
  try {
    const { bytes } = bundle.release.files[name];
    let done = 0;
    for await (const chunk of bundle.read(name)) {
      await to.write(chunk, 0, chunk.length, done);
      done += chunk.length;
      tell(name, done, bytes);
    }
    await to.sync();
  } finally {
    await to.close();
  }
}

/**
 * The slot gets the configuration of now, as its own: what a later version makes of it, this one never
 * sees. Of the overlay it begins anew, save for who the machine is.
 */
async function copyState(places: Places, slot: Slot): Promise<void> {
  const from = path.join(places.data, 'slots', places.running, 'state');
  const to = path.join(places.data, 'slots', slot);
  for (const name of ['upper', 'work', 'state'])
    rmSync(path.join(to, name), { recursive: true, force: true });
  mkdirSync(path.join(to, 'upper/etc'), { recursive: true });
  const identity = path.join(places.data, 'slots', places.running, 'upper/etc/machine-id');
  if (existsSync(identity)) cpSync(identity, path.join(to, 'upper/etc/machine-id'));
  await copySettled(from, path.join(to, 'state'), (name) => !LEFT_OUT.test(name));
}

async function writeRelease(folder: string, release: Release): Promise<void> {
  const file = path.join(folder, 'release.json');
  await writeFile(`${file}.new`, `${JSON.stringify(release)}\n`, { flush: true });
  renameSync(`${file}.new`, file);
}
