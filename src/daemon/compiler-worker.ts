// SPDX-License-Identifier: BSD-3-Clause
// The compile thread: loads and compiles, and keeps model and slots from commit to commit.
import { parentPort, workerData } from 'node:worker_threads';
import { MaglevTables } from '../balancer/maglev.js';
import { compileModel } from '../compiler/image.js';
import { loadModel } from '../compiler/load.js';
import { noSlots, type Slots } from '../compiler/slots.js';
import { diskReader, textReader } from '../rulefile/reader.js';
import { decodeImage } from '../tables/decode.js';
import { assertionsOf } from '../trace/assertions.js';
import type { ApplyRequest } from './api/types.js';
import type {
  Answer,
  CompileJob,
  CompileOutcome,
  Done,
  Job,
  KeepJob,
} from './compiler-messages.js';
import { Kept } from './groups/kept.js';
import { groupsTold, liveModel, renew, type Live } from './groups/live.js';
import {
  NO_GROUPS,
  type GroupsTold,
  type ReloadJob,
  type ReloadOutcome,
} from './groups/messages.js';
import { portsMissing } from './ports.js';
import { slotsOfImage } from './resume.js';

/** What was compiled last, until it is in force. */
interface Candidate {
  readonly generation: number;
  readonly slots: Slots;
  readonly live: Live;
  /** Writes down what a restart needs. */
  readonly keep: (kept: Kept, as: KeepJob) => void;
}

class Compiler {
  readonly #kept: Kept;
  #slots = noSlots();
  readonly #tables = new MaglevTables();
  #candidate: Candidate | null = null;
  /** The model in force; null until something is applied, or resumed with what was kept of it. */
  #live: Live | null = null;

  constructor(directory: string) {
    this.#kept = new Kept(directory);
  }

  run(job: Job): Answer {
    switch (job.op) {
      case 'compile':
        return { outcome: this.#compile(job) };
      case 'reload':
        return { reload: this.#reload(job) };
      case 'keep':
        return { groups: this.#keep(job) };
      case 'resume':
        return { groups: this.#resume(job.image) };
      case 'go-back':
        this.#kept.move(job.from, job.generation);
        return { groups: this.#takeUp(job.generation) };
    }
  }

  #compile({ main, request, generation }: CompileJob): CompileOutcome {
    const start = performance.now();
    const given = JSON.parse(Buffer.from(request).toString('utf8')) as ApplyRequest;
    const reader = textReader(new Map(Object.entries(given.files)));
    const received = performance.now();
    const { model, groups, diagnostics, stages } = loadModel(main, reader);
    if (model === null || groups === null)
      return { ok: false, diagnostics, message: 'the rule file has errors' };
    const portless = portsMissing(model);
    if (portless.length > 0) {
      const all = [...diagnostics, ...portless];
      return { ok: false, diagnostics: all, message: 'an appliance needs to know its ports' };
    }
    const loaded = performance.now();
    this.#tables.renew();
    const known = { slots: this.#slots, tables: this.#tables };
    const compiled = compileModel(model, { generation, ...known, file: main });
    if (!compiled.ok) {
      const all = [...diagnostics, ...compiled.diagnostics];
      return { ok: false, diagnostics: all, message: 'the rule file is too large' };
    }
    const now = new Date().toISOString();
    const { slots, image } = compiled;
    const live = liveModel({ main, model, groups }, given.directory, given.files, () => now);
    const keep = (kept: Kept, as: KeepJob): void => kept.apply(as, main, given);
    this.#candidate = { generation, slots, live, keep };
    return {
      ok: true,
      image,
      stages: {
        ...stages,
        read: stages.read + received - start,
        compile: performance.now() - loaded,
      },
      assertions: assertionsOf(model, slots),
      diagnostics,
    };
  }

  /** The model in force with new members, as another image of the same generation. */
  #reload({ generation, files }: ReloadJob): ReloadOutcome {
    const nothing = { image: null, problem: null };
    if (this.#live === null) return { ...nothing, files: [], stages: { read: 0, compile: 0 } };
    const start = performance.now();
    const { live, reads, texts } = renew(this.#live, files, diskReader);
    const read = performance.now() - start;
    if (live === null) return { ...nothing, files: reads, stages: { read, compile: 0 } };
    this.#tables.renew();
    const known = { slots: this.#slots, tables: this.#tables };
    const compiled = compileModel(live.model, { generation, ...known, file: live.main });
    const stages = { read, compile: performance.now() - start - read };
    if (!compiled.ok) {
      const problem = compiled.diagnostics[0]?.message ?? 'the members are too many';
      return { files: reads, image: null, problem, stages };
    }
    const keep = (kept: Kept): void => kept.reload(generation, texts);
    this.#candidate = { generation, slots: compiled.slots, live, keep };
    return { files: reads, image: compiled.image, problem: null, stages };
  }

  #keep(job: KeepJob): GroupsTold {
    const { generation } = job;
    const candidate = this.#candidate;
    if (generation !== candidate?.generation)
      throw new Error(`generation ${generation} was not the last to be compiled`);
    this.#slots = candidate.slots;
    this.#live = candidate.live;
    this.#candidate = null;
    const told = groupsTold(candidate.live);
    try {
      candidate.keep(this.#kept, job);
      return told;
    } catch (error) {
      return { ...told, unkept: (error as Error).message };
    }
  }

  #resume(bytes: Uint8Array): GroupsTold {
    const image = decodeImage(bytes);
    this.#slots = slotsOfImage(image);
    return this.#takeUp(Number(image.generation));
  }

  /** The model that was kept with a generation; without one, no group follows its files. */
  #takeUp(generation: number): GroupsTold {
    this.#candidate = null;
    this.#live = null;
    const kept = this.#kept.read(generation);
    if (kept === null) return NO_GROUPS;
    const { main, request, loaded, applied } = kept;
    const { files, directory } = request;
    const { model, groups } = loadModel(main, textReader(new Map(Object.entries(files))));
    if (model === null || groups === null) return NO_GROUPS;
    const when = (file: string): string => loaded.get(file) ?? applied;
    this.#live = liveModel({ main, model, groups }, directory, files, when);
    return groupsTold(this.#live);
  }
}

const port = parentPort;
if (port === null) throw new Error('this module is the body of a worker thread');
const compiler = new Compiler(workerData as string);
port.on('message', (job: Job) => {
  const done = answer(job);
  const image = done.outcome?.ok === true ? done.outcome.image : done.reload?.image;
  port.postMessage(done, image?.buffer instanceof ArrayBuffer ? [image.buffer] : []);
});

function answer(job: Job): Done {
  try {
    return { id: job.id, ...compiler.run(job) };
  } catch (error) {
    return { id: job.id, fault: (error as Error).stack ?? String(error) };
  }
}
