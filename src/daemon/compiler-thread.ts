// SPDX-License-Identifier: BSD-3-Clause
import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Learnt } from '../compiler/learnt.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { decodeImage } from '../tables/decode.js';
import { CandidateError } from './candidate-error.js';
import type { Author, CandidateAsk, CompileOutcome, Done, Job } from './compiler-messages.js';
import { workerProgram } from './worker-program.js';
import { NO_GROUPS, type GroupsTold, type ReloadOutcome } from './groups/messages.js';

/** MiB of JavaScript heap a load and compile may take: a file that needs more is refused. */
const HEAP_MB = Math.min(4096, Math.floor(totalmem() / 2 ** 20 / 2));

/** MiB for what was just made: more of it is not faster here, and stays taken. */
const YOUNG_MB = 12;

type Without<J, K extends PropertyKey> = J extends unknown ? Omit<J, K> : never;

/** Runs loads and compiles in a thread with limits, one after the other. */
export class CompilerThread {
  readonly #directory: string;
  #worker: Worker | null = null;
  #waiting = new Map<number, (done: Done) => void>();
  #next = 1;
  /** What interfaces were told by their networks, for all that is compiled from now on. */
  learnt: readonly Learnt[] = [];
  /** The image whose slots a new thread goes on from. */
  #resumed: Uint8Array | null = null;

  /** `directory`: where the model in force is kept for the next start. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A rule file to a table image; a thread that runs out of memory is a diagnostic too. */
  async compile(
    main: string,
    request: Uint8Array,
    { generation, dry }: { readonly generation: number; readonly dry: boolean },
  ): Promise<CompileOutcome> {
    const done = await this.#ask({ op: 'compile', main, request, generation, dry });
    return done.outcome ?? tooLarge(main);
  }

  /** The configuration of a candidate to a table image. */
  async build(
    candidate: string,
    generation: number,
    how: { readonly analyse: boolean; readonly system: boolean },
  ): Promise<CompileOutcome> {
    const done = await this.#ask({ op: 'build', candidate, generation, ...how });
    return done.outcome ?? tooLarge(`commit:${generation}`);
  }

  /** What the journal says runs, for a datapath that came without tables. */
  async rebuild(): Promise<CompileOutcome> {
    return (await this.#ask({ op: 'rebuild' })).outcome ?? tooLarge('the journal');
  }

  /** What was compiled last is written down before it comes into force. */
  async prepare(generation: number, by: Author): Promise<void> {
    await this.#ask({ op: 'prepare', generation, by });
  }

  /** What people do with candidates; throws CandidateError. */
  async candidate(ask: CandidateAsk): Promise<unknown> {
    const { refused, candidate } = await this.#ask({ op: 'candidate', ask });
    if (refused !== undefined) throw new CandidateError(refused.status, refused.message);
    return candidate;
  }

  /** Members of address groups from their files, all or those given, to a table image. */
  async reload(generation: number, files: readonly string[] | null): Promise<ReloadOutcome> {
    const { reload } = await this.#ask({ op: 'reload', generation, files });
    if (reload !== undefined) return reload;
    const { message } = tooLarge('').diagnostics[0] as Diagnostic;
    return { files: [], image: null, problem: message, stages: { read: 0, compile: 0 } };
  }

  /** What was compiled last is in force: the groups of its model. */
  async keep(
    generation: number,
    as: { readonly inForce: number; readonly by: Author },
    image: Uint8Array,
  ): Promise<GroupsTold> {
    const { groups } = await this.#ask({ op: 'keep', generation, ...as });
    this.#resumed = image;
    return groups ?? NO_GROUPS;
  }

  /** An earlier generation comes back as the image's: the groups of the model kept with it. */
  async goBack(image: Uint8Array, from: number, by: Author): Promise<GroupsTold> {
    this.#resumed = image;
    const generation = Number(decodeImage(image).generation);
    return (await this.#ask({ op: 'go-back', generation, from, by })).groups ?? NO_GROUPS;
  }

  /** Goes on from an image that is in force already: the groups of the model kept with it. */
  async resume(image: Uint8Array): Promise<GroupsTold> {
    this.#resumed = image;
    return (await this.#ask({ op: 'resume', image })).groups ?? NO_GROUPS;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #ask(job: Without<Job, 'id'>): Promise<Done> {
    const worker = this.#worker ?? this.#start();
    const id = this.#next++;
    const done = await new Promise<Done>((resolve) => {
      this.#waiting.set(id, resolve);
      worker.postMessage({ id, learnt: this.learnt, ...job });
    });
    if (done.fault !== undefined) throw new Error(done.fault);
    return done;
  }

  #start(): Worker {
    const worker = new Worker(workerProgram('daemon/compiler-worker'), {
      workerData: this.#directory,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker = worker;
    worker.on('message', (done: Done) => {
      this.#waiting.get(done.id)?.(done);
      this.#waiting.delete(done.id);
    });
    worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#worker = null;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const fault = outOfMemory ? {} : { fault: error.stack ?? error.message };
      for (const [id, resolve] of waiting) resolve({ id, ...fault });
    });
    if (this.#resumed !== null)
      worker.postMessage({ id: 0, op: 'resume', image: this.#resumed, learnt: this.learnt });
    return worker;
  }
}

function tooLarge(file: string): Extract<CompileOutcome, { ok: false }> {
  const diagnostic: Diagnostic = {
    code: 'too-large',
    severity: 'error',
    message: `compiling takes more than ${HEAP_MB} MiB of memory`,
    file,
    line: 1,
    column: 1,
    hint: null,
    related: [],
    excerpt: null,
  };
  return { ok: false, diagnostics: [diagnostic], message: 'the rule file is too large' };
}
