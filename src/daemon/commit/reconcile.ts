// SPDX-License-Identifier: BSD-3-Clause
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { decodeImage, ImageError } from '../../tables/decode.js';
import type { CompilerThread } from '../compiler-thread.js';
import type { Confirmation } from '../confirm.js';
import type { DatapathStatus } from '../datapath-process.js';
import type { Journal } from '../journal/journal.js';
import { hashOf, type InForce } from './in-force.js';
import type { Staging } from './staging.js';

/** Brings datapath and journal together after either came back. */
export class Reconciler {
  readonly #directory: string;
  readonly #journal: Journal;
  readonly #compiler: CompilerThread;
  readonly #confirmation: Confirmation;
  readonly #inForce: InForce;
  readonly #staging: Staging;
  readonly #log: Logger;

  /** `directory`: where the datapath keeps its image. */
  constructor(
    directory: string,
    kept: { readonly journal: Journal; readonly confirmation: Confirmation },
    compiler: CompilerThread,
    inForce: InForce,
    staging: Staging,
    log: Logger,
  ) {
    this.#directory = directory;
    this.#journal = kept.journal;
    this.#confirmation = kept.confirmation;
    this.#compiler = compiler;
    this.#inForce = inForce;
    this.#staging = staging;
    this.#log = log;
  }

  /** After the datapath came up: what it runs is taken over, or brought to what ran before. */
  async reconcile({ pid, generation, model }: DatapathStatus): Promise<void> {
    this.#log.info({ event: 'datapath-up', pid, generation });
    const { running } = this.#inForce;
    if (running === null && generation < this.#journal.head) return this.#rebuild();
    if (generation === this.#inForce.generation && model === (running?.hash ?? '')) return;
    if (generation > this.#inForce.generation) {
      await this.#confirmation.resume(generation);
      const image = await this.#imageOnDisk(generation);
      if (image === null) return;
      const decoded = decodeImage(image);
      const groups = await this.#compiler.resume(image);
      this.#inForce.take({ generation, hash: hashOf(decoded), image }, decoded);
      this.#inForce.follow(groups);
      return;
    }
    await this.bringBack();
  }

  /** What runs by our book comes into force. */
  async bringBack(): Promise<void> {
    const { running } = this.#inForce;
    if (running === null) return;
    const message =
      (await this.#staging.stage(running.image, { stage: 0 })) ??
      (await this.#staging.activate(running, { activate: 0 }));
    if (typeof message === 'string')
      this.#log.error({ event: 'datapath-refused', generation: running.generation, message });
  }

  /** A datapath without tables, or with older ones, gets what the journal says runs. */
  async #rebuild(): Promise<void> {
    const generation = this.#journal.head;
    const compiled = await this.#compiler.rebuild();
    if (compiled.ok !== true) {
      const why = compiled.ok === 'same' ? 'nothing readable is kept of it' : compiled.message;
      this.#log.error({ event: 'not-rebuilt', generation, message: why });
      return;
    }
    const { image } = compiled;
    const decoded = decodeImage(image);
    const by = { user: 'sluiced', from: 'this appliance', comment: null };
    const groups = await this.#compiler.keep(generation, { inForce: generation, by }, image);
    this.#inForce.take({ generation, hash: hashOf(decoded), image }, decoded);
    this.#inForce.follow(groups);
    await this.#confirmation.resume(generation);
    await this.bringBack();
    this.#log.info({ event: 'rebuilt', generation });
  }

  async #imageOnDisk(generation: number): Promise<Uint8Array | null> {
    try {
      const image = await readFile(path.join(this.#directory, 'image'));
      if (Number(decodeImage(image).generation) === generation) return image;
      this.#log.error({ event: 'image-of-another-generation', generation });
    } catch (error) {
      if (!(error instanceof ImageError) && (error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw error;
      this.#log.error({ event: 'image-unreadable', generation, message: (error as Error).message });
    }
    return null;
  }
}
