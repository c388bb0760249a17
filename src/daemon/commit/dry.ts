// SPDX-License-Identifier: BSD-3-Clause
import { decodeImage } from '../../tables/decode.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { Applied, Previewed } from '../api/types.js';
import type { CommitRefused } from '../api/candidates.js';
import type { FlowAsked, FlowsTold } from '../api/flows.js';
import { ruleChanges } from '../changes.js';
import type { DatapathProcess } from '../datapath-process.js';
import { flowChanges, type Side } from '../flows.js';
import { Names } from '../names.js';
import { endedBy, type PreviewTold } from '../preview.js';
import { NO_SESSIONS, NO_STAGES } from './answers.js';
import type { InForce } from './in-force.js';
import type { WarmOffline } from './offline.js';
import { sameAs, unchanged, type Compile, type Readying } from './ready.js';
import type { Staging } from './staging.js';

/** What a commit would do: all of it is made ready, and nothing comes into force. */
export class DryRun {
  readonly #datapath: DatapathProcess;
  readonly #staging: Staging;
  readonly #offline: WarmOffline;
  readonly #inForce: InForce;
  readonly #readying: Readying;

  constructor(
    datapath: DatapathProcess,
    staging: Staging,
    offline: WarmOffline,
    inForce: InForce,
    readying: Readying,
  ) {
    this.#datapath = datapath;
    this.#staging = staging;
    this.#offline = offline;
    this.#inForce = inForce;
    this.#readying = readying;
  }

  async check(compile: Compile): Promise<Applied | CommitRefused> {
    const ready = await this.#readying.ready(compile);
    if (ready.ok !== true) return ready.ok === 'same' ? sameAs(this.#inForce) : ready;
    if (ready.changed) await this.#staging.discard();
    const { generation, image, diagnostics } = ready;
    const stages = { ...ready.stages, activate: 0 };
    const bytes = image.length;
    return {
      ok: true,
      changed: ready.changed,
      generation,
      bytes,
      stages,
      sessions: NO_SESSIONS,
      diagnostics,
    };
  }

  async preview(
    compile: Compile,
    flows: readonly FlowAsked[] | null,
  ): Promise<Previewed | CommitRefused> {
    const ready = await this.#readying.ready(compile);
    const preview = true as const;
    if (ready.ok === 'same') {
      const rules = { added: [], removed: [], changed: [], moved: [] };
      return {
        ...sameAs(this.#inForce),
        preview,
        stages: { ...NO_STAGES, preview: 0 },
        ended_by: [],
        rules,
      };
    }
    if (!ready.ok) return ready;
    const { generation, image, decoded, diagnostics } = ready;
    const before = this.#inForce.running === null ? null : decodeImage(this.#inForce.running.image);
    const rules = ruleChanges(before, decoded);
    const stages = { ...ready.stages, preview: 0 };
    if (!ready.changed)
      return { ...unchanged(ready, this.#inForce), preview, stages, ended_by: [], rules };
    const start = performance.now();
    try {
      const argument = BigInt(generation);
      const told = await this.#datapath.json<PreviewTold>(M.OP_PREVIEW, { argument });
      const staged = new Names();
      staged.take(decoded);
      const asked =
        flows === null ? {} : await this.#flows(flows, { image, decoded, names: staged });
      stages.preview = performance.now() - start;
      return {
        ok: true,
        preview,
        changed: true,
        generation,
        bytes: image.length,
        stages,
        sessions: { kept: told.kept, ended: told.ended },
        ended_by: endedBy(told, this.#inForce.names, staged),
        rules,
        ...asked,
        ...(ready.changes === undefined ? {} : { changes: ready.changes }),
        ...(ready.findings === undefined ? {} : { findings: ready.findings }),
        diagnostics,
      };
    } finally {
      await this.#staging.discard();
    }
  }

  /** Which of the flows would have another verdict; without anything in force there is none to tell. */
  async #flows(flows: readonly FlowAsked[], after: Side): Promise<{ flows?: FlowsTold }> {
    const running = this.#inForce.running;
    if (running === null) return {};
    const { image } = running;
    const before = { image, decoded: decodeImage(image), names: this.#inForce.names };
    return {
      flows: await this.#offline.ask((offline) => flowChanges(flows, offline, before, after)),
    };
  }
}
