// SPDX-License-Identifier: BSD-3-Clause
// The compile thread: loads and compiles, and keeps the slots from commit to commit.
import { parentPort } from 'node:worker_threads';
import { compileModel } from '../compiler/image.js';
import { loadModel } from '../compiler/load.js';
import { noSlots, type Slots } from '../compiler/slots.js';
import { textReader } from '../rulefile/reader.js';
import { decodeImage } from '../tables/decode.js';
import type { ApplyRequest } from './api/types.js';
import { assertionsOf } from '../trace/assertions.js';
import { portsMissing } from './ports.js';
import type { CompileJob, CompileOutcome, Done, Job } from './compiler-messages.js';
import { slotsOfImage } from './resume.js';

class Compiler {
  #slots = noSlots();
  #candidate: { readonly generation: number; readonly slots: Slots } | null = null;

  run(job: Job): CompileOutcome | null {
    if (job.op === 'compile') return this.#compile(job);
    if (job.op === 'resume') this.#slots = slotsOfImage(decodeImage(job.image));
    else if (job.generation === this.#candidate?.generation) this.#slots = this.#candidate.slots;
    else throw new Error(`generation ${job.generation} was not the last to be compiled`);
    return null;
  }

  #compile({ main, request, generation }: CompileJob): CompileOutcome {
    const start = performance.now();
    const { files } = JSON.parse(Buffer.from(request).toString('utf8')) as ApplyRequest;
    const reader = textReader(new Map(Object.entries(files)));
    const received = performance.now();
    const { model, diagnostics, stages } = loadModel(main, reader);
    if (model === null) return { ok: false, diagnostics, message: 'the rule file has errors' };
    const portless = portsMissing(model);
    if (portless.length > 0) {
      const all = [...diagnostics, ...portless];
      return { ok: false, diagnostics: all, message: 'an appliance needs to know its ports' };
    }
    const loaded = performance.now();
    const compiled = compileModel(model, { generation, slots: this.#slots, file: main });
    if (!compiled.ok) {
      const all = [...diagnostics, ...compiled.diagnostics];
      return { ok: false, diagnostics: all, message: 'the rule file is too large' };
    }
    this.#candidate = { generation, slots: compiled.slots };
    return {
      ok: true,
      image: compiled.image,
      stages: {
        ...stages,
        read: stages.read + received - start,
        compile: performance.now() - loaded,
      },
      assertions: assertionsOf(model, compiled.slots),
      diagnostics,
    };
  }
}

const port = parentPort;
if (port === null) throw new Error('this module is the body of a worker thread');
const compiler = new Compiler();
port.on('message', (job: Job) => {
  const done = answer(job);
  const image = done.outcome?.ok === true ? done.outcome.image.buffer : null;
  port.postMessage(done, image instanceof ArrayBuffer ? [image] : []);
});

function answer(job: Job): Done {
  try {
    return { id: job.id, outcome: compiler.run(job) };
  } catch (error) {
    return { id: job.id, outcome: null, fault: (error as Error).stack ?? String(error) };
  }
}
