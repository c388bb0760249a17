// SPDX-License-Identifier: BSD-3-Clause
import type { Logger } from 'pino';
import { DatapathAway } from '../../datapath/libsluice.js';
import { decodeImage } from '../../tables/decode.js';
import type { Applied, Reloaded } from '../api/types.js';
import type { CompilerThread } from '../compiler-thread.js';
import type { ReloadOutcome } from '../groups/messages.js';
import { NO_SESSIONS } from './answers.js';
import { hashOf, type InForce } from './in-force.js';
import type { Staging } from './staging.js';

/** Members of groups and addresses of interfaces that change without a commit: the generation stays. */
export class Members {
  readonly #compiler: CompilerThread;
  readonly #inForce: InForce;
  readonly #staging: Staging;
  readonly #log: Logger;

  constructor(compiler: CompilerThread, inForce: InForce, staging: Staging, log: Logger) {
    this.#compiler = compiler;
    this.#inForce = inForce;
    this.#staging = staging;
    this.#log = log;
  }

  /** Reads files of addresses again, all or those given; `noticed` is when a change showed. */
  async reload(files: readonly string[] | null, noticed: number): Promise<Reloaded> {
    const notice = Math.max(0, Date.now() - noticed);
    const { generation, running, groups } = this.#inForce;
    const outcome =
      running === null
        ? NOTHING_READ
        : await this.#compiler.reload(generation, files).catch(failedReload);
    const stages = { notice, ...outcome.stages, stage: 0, activate: 0 };
    const pushed = await this.#push(outcome.image, stages);
    const problem = outcome.problem ?? (typeof pushed === 'string' ? pushed : null);
    groups.note(outcome.files, problem);
    const sessions = pushed === null || typeof pushed === 'string' ? NO_SESSIONS : pushed;
    const changed = pushed !== null && problem === null;
    const ok = problem === null && outcome.files.every(({ state }) => state !== 'bad');
    const reloaded = { generation, problem, stages, sessions };
    const fresh = outcome.files.filter(({ state }) => state === 'new');
    if (changed) {
      const loaded = fresh.map(({ file, entries }) => ({ file, entries }));
      this.#log.info({ event: 'groups-reloaded', files: loaded, ...reloaded });
    } else if (problem !== null && fresh.length === 0)
      this.#log.error({ event: 'groups-not-reloaded', problem });
    return { ok, changed, ...reloaded, files: outcome.files };
  }

  /** Brings addresses that interfaces have learnt into force. */
  async learn(): Promise<void> {
    const { generation, learning } = this.#inForce;
    this.#compiler.learnt = learning.learnt;
    const { image, problem } = await this.#compiler.reload(generation, []).catch(failedReload);
    const stages = { stage: 0, activate: 0 };
    const pushed = await this.#push(image, stages);
    if (problem !== null || typeof pushed === 'string')
      this.#log.error({ event: 'addresses-not-in-force', problem: problem ?? pushed });
    else if (pushed !== null)
      this.#log.info({ event: 'addresses-in-force', generation, stages, sessions: pushed });
  }

  /** Brings an image of the generation in force into its place; a text says why it does not. */
  async #push(
    image: Uint8Array | null,
    stages: { stage: number; activate: number },
  ): Promise<Applied['sessions'] | string | null> {
    if (image === null) return null;
    const { generation, running } = this.#inForce;
    try {
      const decoded = decodeImage(image);
      const hash = hashOf(decoded);
      let sessions: Applied['sessions'] | string = NO_SESSIONS;
      // Assertions are about the rules: they were asked when those came, and members may contradict.
      if (hash !== running?.hash) {
        const message = await this.#staging.stage(image, stages);
        sessions = message ?? (await this.#staging.activate({ generation, hash }, stages));
      }
      if (typeof sessions === 'string') return sessions;
      const by = { user: 'sluiced', from: 'files of addresses', comment: null };
      const groups = await this.#compiler.keep(generation, { inForce: generation, by }, image);
      this.#inForce.take({ generation, hash, image }, decoded);
      this.#inForce.follow(groups);
      return sessions;
    } catch (error) {
      if (!(error instanceof DatapathAway)) throw error;
      return error.message;
    }
  }
}

const NOTHING_READ: ReloadOutcome = {
  files: [],
  image: null,
  problem: null,
  stages: { read: 0, compile: 0 },
};

function failedReload(error: unknown): ReloadOutcome {
  return { ...NOTHING_READ, problem: (error as Error).message };
}
