// SPDX-License-Identifier: BSD-3-Clause
import { DatapathError, type OfflineAnswer, type OfflineDatapath } from '../datapath/offline.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import type { CompiledFile } from './compiled.js';
import { BATCH } from './offline.js';
import { merge, type Entering, type Input } from './replay-inputs.js';
import type { OutputFiles } from './replay-outputs.js';
import { modelNames, Names, type Verdict } from '../trace/verdicts.js';

/** in = forwarded + local + all of dropped. */
export interface Totals {
  readonly in: number;
  readonly forwarded: number;
  readonly local: number;
  /** Packets by the name of the reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Packets out that the appliance made: errors, and fragments beyond the first. */
  readonly generated: number;
}

/** Bytes of packets that go to the datapath at once, at most. */
const BATCH_BYTES = 1 << 22;

/** One run of captures through the datapath, with its account. */
export class Replay {
  readonly #names: Names;
  readonly #datapath: OfflineDatapath;
  readonly #files: OutputFiles | null;
  readonly #verdicts: (Verdict | undefined)[] = [];
  readonly #entered: string[] = [];
  readonly #dropped = new Map<string, number>();
  /** Inputs of which a packet has left. */
  readonly #left = new Set<number>();
  #forwarded = 0;
  #local = 0;
  #generated = 0;

  constructor(compiled: CompiledFile, datapath: OfflineDatapath, files: OutputFiles | null) {
    this.#names = new Names(modelNames(compiled), datapath);
    this.#datapath = datapath;
    this.#files = files;
  }

  /** The verdict of every packet, in the order they entered. */
  async run(inputs: readonly Input[]): Promise<readonly Verdict[]> {
    let batch: Entering[] = [];
    let size = 0;
    for (const packet of merge(inputs)) {
      if (batch.length === BATCH || size + packet.bytes.length > BATCH_BYTES) {
        this.#account(await this.#datapath.run('replay', batch));
        batch = [];
        size = 0;
      }
      batch.push(packet);
      size += packet.bytes.length;
      this.#entered.push(packet.name);
    }
    this.#account(await this.#datapath.run('replay', batch, true));
    return this.#entered.map((_, n) => {
      const verdict = this.#verdicts[n];
      if (verdict === undefined) throw new DatapathError(`the datapath lost packet ${n}`);
      return verdict;
    });
  }

  totals(): Totals {
    return {
      in: this.#entered.length,
      forwarded: this.#forwarded,
      local: this.#local,
      dropped: Object.fromEntries(this.#dropped),
      generated: this.#generated,
    };
  }

  #account({ results, outputs }: OfflineAnswer): void {
    for (const result of results) {
      const entered = this.#entered[result.input];
      if (entered === undefined || this.#verdicts[result.input] !== undefined)
        throw new DatapathError(`the datapath answered for packet ${result.input} out of turn`);
      const verdict = this.#names.verdict(result, entered);
      this.#verdicts[result.input] = verdict;
      if (result.fate === M.FATE_FORWARDED) this.#forwarded++;
      else if (result.fate === M.FATE_LOCAL) this.#local++;
      else {
        const reason = verdict.reason ?? 'none';
        this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
      }
    }
    for (const output of outputs) {
      if (output.input === M.INPUT_GENERATED || this.#left.has(output.input)) this.#generated++;
      else this.#left.add(output.input);
      this.#files?.add(output);
    }
  }
}
