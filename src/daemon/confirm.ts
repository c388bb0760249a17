// SPDX-License-Identifier: BSD-3-Clause
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** A commit that is undone unless somebody confirms it in time. */
export interface Unconfirmed {
  /** The generation that waits. */
  readonly generation: number;
  /** ms since the epoch. */
  readonly until: number;
}

/** Longest wait, minutes: a timer of Node counts no further than 24 days. */
export const MOST_MINUTES = 7 * 24 * 60;

/**
 * The commit that waits for its confirmation, and the image to go back to; both on disk, so that a
 * sluiced which comes back goes on waiting.
 */
export class Confirmation {
  readonly #state: string;
  readonly #image: string;
  readonly #expired: () => void;
  #waiting: Unconfirmed | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `expired` is called when time is up; the commit still counts as waiting then. */
  constructor(directory: string, expired: () => void) {
    this.#state = path.join(directory, 'unconfirmed.json');
    this.#image = path.join(directory, 'unconfirmed.image');
    this.#expired = expired;
  }

  get waiting(): Unconfirmed | null {
    return this.#waiting;
  }

  /** Before the generation comes into force. A target that waits already stays the target. */
  async prepare(waiting: Unconfirmed, target: Uint8Array): Promise<void> {
    if (this.#waiting === null) await write(this.#image, target);
    await write(this.#state, Buffer.from(JSON.stringify(waiting)));
  }

  /** The generation is in force: from now on the time runs. */
  start(waiting: Unconfirmed): void {
    this.#waiting = waiting;
    this.#arm(waiting);
  }

  /** The generation that was prepared for did not come into force. */
  async abandon(): Promise<void> {
    if (this.#waiting === null) await this.end();
    else await write(this.#state, Buffer.from(JSON.stringify(this.#waiting)));
  }

  /** Confirmed, or undone. */
  async end(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = null;
    await rm(this.#state, { force: true });
    await rm(this.#image, { force: true });
  }

  /** After a start: goes on waiting if this generation is the one that waits, else forgets it. */
  async resume(generation: number): Promise<void> {
    if (this.#waiting !== null) return;
    let state: Unconfirmed;
    try {
      state = JSON.parse(await readFile(this.#state, 'utf8')) as Unconfirmed;
    } catch (error) {
      if (!(error instanceof SyntaxError) && (error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw error;
      return this.end();
    }
    if (state.generation === generation) this.start(state);
    else await this.end();
  }

  /** The image to go back to. */
  target(): Promise<Uint8Array> {
    return readFile(this.#image);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #arm({ until }: Unconfirmed): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#expired, Math.max(0, until - Date.now()));
  }
}

/** Whole or not at all, and on the disk when it returns. */
async function write(file: string, bytes: Uint8Array): Promise<void> {
  const next = `${file}.new`;
  const handle = await open(next, 'w', 0o640);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}
