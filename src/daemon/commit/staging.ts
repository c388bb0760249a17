// SPDX-License-Identifier: BSD-3-Clause
import { DatapathRefused } from '../../datapath/libsluice.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { Applied } from '../api/types.js';
import type { DatapathProcess, DatapathStatus } from '../datapath-process.js';

/** Tables on their way into the datapath: beside those in force, then in their place, or dropped. */
export class Staging {
  readonly #datapath: DatapathProcess;

  constructor(datapath: DatapathProcess) {
    this.#datapath = datapath;
  }

  /** Tables beside those in force; where the datapath refuses them, why. */
  async stage(image: Uint8Array, stages: { stage: number }): Promise<string | null> {
    const start = performance.now();
    try {
      await this.#datapath.request(M.OP_STAGE, { body: image });
    } catch (error) {
      return refused(error);
    }
    stages.stage = performance.now() - start;
    return null;
  }

  /**
   * Brings what is staged into force and reads back that it is; where the datapath refuses, why: it is
   * discarded then.
   */
  async activate(
    { generation, hash }: { readonly generation: number; readonly hash: string },
    stages: { activate: number },
  ): Promise<Applied['sessions'] | string> {
    const start = performance.now();
    try {
      const argument = BigInt(generation);
      const answer = await this.#datapath.json<Applied['sessions']>(M.OP_ACTIVATE, { argument });
      const status = await this.#datapath.json<DatapathStatus>(M.OP_STATUS);
      if (status.generation !== generation || status.model !== hash)
        throw new Error(
          `generation ${generation} was activated, and ${status.generation} with the model ${status.model} runs`,
        );
      stages.activate = performance.now() - start;
      return { kept: answer.kept, ended: answer.ended };
    } catch (error) {
      await this.discard();
      return refused(error);
    }
  }

  async discard(): Promise<void> {
    await this.#datapath.request(M.OP_DISCARD).catch(() => undefined);
  }
}

/** What the datapath said when it refused; any other failure is thrown on. */
function refused(error: unknown): string {
  if (!(error instanceof DatapathRefused)) throw error;
  return `the datapath refuses the tables: ${error.message}`;
}
