// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';

/** What an upgrade consists of, beside release.json; a slot has the same. */
export const PARTS = ['vmlinuz', 'initrd', 'root.squashfs'] as const;
export type Part = (typeof PARTS)[number];

const part = z.strictObject({
  bytes: z.int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const release = z.strictObject({
  format: z.literal(1),
  version: z.string().max(64),
  commit: z.string().max(64),
  /** ISO time of the commit. */
  built: z.string().max(32),
  files: z.strictObject({ vmlinuz: part, initrd: part, 'root.squashfs': part }),
});
/** release.json of a bundle or a slot. */
export type Release = z.infer<typeof release>;

/** A file that is no upgrade, or a damaged one; the message is for the user. */
export class BundleError extends Error {}

const BLOCK = 512;
const MOST_RELEASE = 65_536;
const CHUNK = 2 ** 20;

export function parseRelease(text: string): Release {
  try {
    return release.parse(JSON.parse(text));
  } catch {
    throw new BundleError('release.json is none of Sluice');
  }
}

/** An upgrade as `npm run image` writes it: a tar (POSIX ustar) of release.json and the parts. */
export class Bundle {
  readonly release: Release;
  readonly #file: FileHandle;
  readonly #at: ReadonlyMap<string, number>;

  private constructor(file: FileHandle, at: ReadonlyMap<string, number>, told: Release) {
    this.#file = file;
    this.#at = at;
    this.release = told;
  }

  /** Opens a bundle and checks its directory, not yet what is in the parts. Throws BundleError. */
  static async open(path: string): Promise<Bundle> {
    const file = await open(path, 'r');
    try {
      const entries = await directory(file);
      const first = entries.get('release.json');
      if (first === undefined || first.size > MOST_RELEASE)
        throw new BundleError('no upgrade of Sluice: it has no release.json');
      const told = parseRelease((await read(file, first.at, first.size)).toString('utf8'));
      const at = new Map<string, number>();
      for (const name of PARTS) {
        const entry = entries.get(name);
        if (entry?.size !== told.files[name].bytes)
          throw new BundleError(`${name} is not as large as release.json says`);
        at.set(name, entry.at);
      }
      return new Bundle(file, at, told);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Hands out a part piece by piece; throws BundleError at its end if its checksum is another. */
  async *read(name: Part): AsyncGenerator<Buffer> {
    const { bytes, sha256 } = this.release.files[name];
    const start = this.#at.get(name) ?? 0;
    const hash = createHash('sha256');
    for (let done = 0; done < bytes;) {
      const chunk = await read(this.#file, start + done, Math.min(CHUNK, bytes - done));
      hash.update(chunk);
      done += chunk.length;
      yield chunk;
    }
    if (hash.digest('hex') !== sha256) throw new BundleError(`${name} is damaged`);
  }

  /** Reads every part once. Throws BundleError for one that is damaged. */
  async verify(): Promise<void> {
    for (const name of PARTS) for (const all = this.read(name); !(await all.next()).done;);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

interface Entry {
  readonly at: number;
  readonly size: number;
}

async function directory(file: FileHandle): Promise<Map<string, Entry>> {
  const { size: end } = await file.stat();
  const entries = new Map<string, Entry>();
  for (let at = 0; at + BLOCK <= end;) {
    const header = await read(file, at, BLOCK);
    if (header.every((byte) => byte === 0)) return entries;
    const { name, size } = entryOf(header);
    if (entries.has(name)) throw new BundleError(`${name} is there twice`);
    if (at + BLOCK + size > end) throw new BundleError('the file is not whole');
    entries.set(name, { at: at + BLOCK, size });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new BundleError('the file is not whole');
}

function entryOf(header: Buffer): { name: string; size: number } {
  const field = (from: number, to: number): string =>
    header.toString('latin1', from, to).replace(/[\0 ]+$/, '');
  const blank = Buffer.from(header).fill(0x20, 148, 156);
  const sum = blank.reduce((total, byte) => total + byte, 0);
  if (field(257, 262) !== 'ustar' || parseInt(field(148, 156), 8) !== sum)
    throw new BundleError('no upgrade of Sluice: it is no tar file, or a damaged one');
  const size = field(124, 136);
  const plain = ['0', ''].includes(field(156, 157));
  if (!/^[0-7]{1,11}$/.test(size) || !plain)
    throw new BundleError(`${field(0, 100)} is no plain file`);
  return { name: field(0, 100), size: parseInt(size, 8) };
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const chunk = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(chunk, 0, length, at);
  if (bytesRead === 0) throw new BundleError('the file is not whole');
  if (bytesRead < length && length <= MOST_RELEASE) throw new BundleError('the file is not whole');
  return chunk.subarray(0, bytesRead);
}
