// SPDX-License-Identifier: BSD-3-Clause
import { DatapathAway } from '../../datapath/libsluice.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { formatAddress } from '../../net/address.js';
import { readAddress } from '../../tables/address.js';
import { decodeImage, type DecodedImage } from '../../tables/decode.js';
import { failing, type Assertion } from '../../trace/assertions.js';
import type { CommitRefused } from '../api/candidates.js';
import type { Applied, ChangedPlace } from '../api/types.js';
import type { CompileOutcome, CompileStages } from '../compiler-messages.js';
import type { DatapathProcess } from '../datapath-process.js';
import { Names } from '../names.js';
import { NO_SESSIONS, NO_STAGES, refusal } from './answers.js';
import { hashOf, type InForce } from './in-force.js';
import type { WarmOffline } from './offline.js';
import type { Staging } from './staging.js';

export type Compile = (generation: number) => Promise<CompileOutcome>;

/** A candidate that says what runs. */
export interface Same {
  readonly ok: 'same';
}

/** A rule file compiled, staged where it is new, and with assertions that hold. */
export interface Ready {
  readonly ok: true;
  readonly generation: number;
  readonly hash: string;
  readonly changed: boolean;
  readonly image: Uint8Array;
  readonly decoded: DecodedImage;
  readonly stages: CompileStages & { stage: number; assert: number };
  readonly diagnostics: readonly Diagnostic[];
  readonly changes?: readonly ChangedPlace[];
  readonly findings?: readonly Diagnostic[];
}

/** All that has to hold before something comes into force. */
export class Readying {
  readonly #datapath: DatapathProcess;
  readonly #staging: Staging;
  readonly #offline: WarmOffline;
  readonly #inForce: InForce;

  constructor(datapath: DatapathProcess, staging: Staging, offline: WarmOffline, inForce: InForce) {
    this.#datapath = datapath;
    this.#staging = staging;
    this.#offline = offline;
    this.#inForce = inForce;
  }

  /**
   * Compiles, stages and asks the assertions; where anything refuses, nothing stays staged. `meanwhile`
   * is what else has to be done with what was compiled, where it is new.
   */
  async ready(
    compile: Compile,
    meanwhile: (generation: number) => void = () => undefined,
  ): Promise<Ready | Same | CommitRefused> {
    const { status } = this.#datapath;
    if (status === null) throw new DatapathAway('the datapath is not running');
    const generation = Math.max(this.#inForce.generation, status.generation) + 1;
    const compiled = await compile(generation);
    if (compiled.ok !== true) return compiled;
    const { image, assertions, system } = compiled;
    const decoded = decodeImage(image);
    const told = await this.#inForce.system.refuses(system, addressesOf(decoded));
    const diagnostics = [...compiled.diagnostics, ...told];
    if (told.some(({ severity }) => severity === 'error'))
      return refusal('a listener cannot be opened', diagnostics);
    const hash = hashOf(decoded);
    const stages = { ...compiled.stages, stage: 0, assert: 0 };
    // What was edited is a commit of its own, if only for its texts.
    const changed = compiled.edited || hash !== this.#inForce.running?.hash;
    if (changed) meanwhile(generation);
    const refused = changed ? await this.#staging.stage(image, stages) : null;
    if (refused !== null) return refusal(refused, diagnostics);
    const failed = await this.#assert(decoded, image, assertions, stages);
    if (failed.length === 0)
      return { ...compiled, diagnostics, generation, hash, changed, decoded, stages };
    if (changed) await this.#staging.discard();
    return refusal('an assertion does not hold', [...diagnostics, ...failed]);
  }

  /** Assertions are asked of the fast path itself, offline, before the tables come into force. */
  async #assert(
    decoded: DecodedImage,
    image: Uint8Array,
    assertions: readonly Assertion[],
    stages: { assert: number },
  ): Promise<Diagnostic[]> {
    if (assertions.length === 0) return [];
    const start = performance.now();
    const names = new Names();
    names.take(decoded);
    try {
      const failed = await this.#offline.ask((offline) =>
        failing(assertions, offline, image, names.slots),
      );
      stages.assert = performance.now() - start;
      return failed;
    } catch (error) {
      await this.#staging.discard();
      throw error;
    }
  }
}

/** A candidate that says what runs: nothing is compiled or pushed. */
export function sameAs({ generation, running }: InForce): Applied {
  const bytes = running?.image.length ?? 0;
  const nothing = {
    stages: { ...NO_STAGES, activate: 0 },
    sessions: NO_SESSIONS,
    diagnostics: [],
  };
  return { ok: true, changed: false, generation, bytes, ...nothing };
}

/** Tables as they run. */
export function unchanged({ image, diagnostics }: Ready, { generation }: InForce) {
  const sessions = NO_SESSIONS;
  const same = { generation, bytes: image.length };
  return { ok: true, changed: false, ...same, sessions, diagnostics } as const;
}

/** Of all interfaces. */
function addressesOf(image: DecodedImage): Set<string> {
  return new Set(
    image
      .records('addresses')
      .map(({ address, family }) => formatAddress(readAddress(address, family))),
  );
}
