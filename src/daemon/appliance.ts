// SPDX-License-Identifier: BSD-3-Clause
import type { Logger } from 'pino';
import { decodeImage } from '../tables/decode.js';
import { withGeneration } from '../tables/encode.js';
import type { CommitAnswer, CommitRefused } from './api/candidates.js';
import type { FlowAsked } from './api/flows.js';
import type {
  Applied,
  Confirmed,
  Previewed,
  Refused,
  Reloaded,
  RunningSource,
} from './api/types.js';
import type { Archives } from './archive/archives.js';
import type { Balancing } from './balancing.js';
import { refusal } from './commit/answers.js';
import { DryRun } from './commit/dry.js';
import { hashOf, InForce, type Directories, type SystemFollower } from './commit/in-force.js';
import { Members } from './commit/members.js';
import { WarmOffline } from './commit/offline.js';
import { Readying, sameAs, unchanged, type Compile } from './commit/ready.js';
import { Reconciler } from './commit/reconcile.js';
import { Staging } from './commit/staging.js';
import type { Author, CandidateAsk } from './compiler-messages.js';
import type { CompilerThread } from './compiler-thread.js';
import { Confirmation, type Unconfirmed } from './confirm.js';
import type { DatapathProcess } from './datapath-process.js';
import type { GroupFiles } from './groups/group-files.js';
import { Journal } from './journal/journal.js';
import type { Learning } from './learning/learning.js';
import type { Names } from './names.js';
import type { FrrDaemons } from './routing/frr.js';
import type { Vpn } from './vpn/vpn.js';

export interface CommitHow {
  readonly check?: boolean | undefined;
  readonly preview?: boolean | undefined;
  /** Of a preview: flows to tell the verdicts of; null for none. */
  readonly flows?: readonly FlowAsked[] | null;
  /** Minutes to confirm in. */
  readonly confirm?: number | null | undefined;
  /** Who commits may change `system`. */
  readonly system?: boolean;
}

const NOBODY: SystemFollower = {
  refuses: () => Promise.resolve([]),
  take: () => undefined,
  changed: () => undefined,
};

/** The running model, and how another takes its place: whole, or not at all. */
export class Appliance {
  readonly datapath: DatapathProcess;
  readonly names: Names;
  readonly groups: GroupFiles;
  readonly balancing: Balancing;
  readonly vpn: Vpn;
  readonly frr: FrrDaemons;
  readonly learning: Learning;
  readonly archives: Archives;
  readonly journal: Journal;
  readonly #compiler: CompilerThread;
  readonly #log: Logger;
  readonly #confirmation: Confirmation;
  readonly #inForce: InForce;
  readonly #offline: WarmOffline;
  readonly #staging: Staging;
  readonly #readying: Readying;
  readonly #dry: DryRun;
  readonly #members: Members;
  readonly #reconciler: Reconciler;
  /** Changes happen one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * `run` is where the datapath keeps its image, `state` what outlives a reboot; `system` is told what
   * the model in force says of the appliance itself.
   */
  constructor(
    directories: Directories,
    datapath: DatapathProcess,
    compiler: CompilerThread,
    log: Logger,
    system: SystemFollower = NOBODY,
  ) {
    const { run, state } = directories;
    this.journal = new Journal(state);
    this.datapath = datapath;
    this.#compiler = compiler;
    this.#log = log;
    this.#confirmation = new Confirmation(state, () => {
      void this.#inTurn(() => this.#rollBack());
    });
    this.#offline = new WarmOffline(datapath.program);
    this.#inForce = new InForce(
      directories,
      this.journal,
      datapath,
      system,
      {
        files: (files, noticed) => void this.reload(files, noticed),
        learnt: () => void this.#inTurn(() => this.#members.learn()),
      },
      log,
    );
    ({
      names: this.names,
      groups: this.groups,
      balancing: this.balancing,
      vpn: this.vpn,
      frr: this.frr,
      learning: this.learning,
      archives: this.archives,
    } = this.#inForce);
    compiler.learnt = this.learning.learnt;
    this.#staging = new Staging(datapath);
    this.#readying = new Readying(datapath, this.#staging, this.#offline, this.#inForce);
    this.#dry = new DryRun(datapath, this.#staging, this.#offline, this.#inForce, this.#readying);
    this.#members = new Members(compiler, this.#inForce, this.#staging, log);
    const kept = { journal: this.journal, confirmation: this.#confirmation };
    this.#reconciler = new Reconciler(run, kept, compiler, this.#inForce, this.#staging, log);
    datapath.on('up', (status) => {
      void this.#inTurn(() => this.#reconciler.reconcile(status)).then(() =>
        this.#inForce.balancing.restarted(),
      );
      // Files may have changed while nobody looked, or while there was nothing to change.
      void this.reload(null);
    });
  }

  /** Generation in force as sluiced knows it, 0 for none. */
  get generation(): number {
    return this.#inForce.generation;
  }

  /** The texts of what is in force; null where nothing was applied, or it was not kept. */
  get source(): RunningSource | null {
    const kept = this.journal.read(this.generation);
    return kept === null ? null : { main: kept.main, files: kept.request.files };
  }

  /** Compiles and brings into force; any failure leaves what runs as it was. */
  apply(
    main: string,
    request: Uint8Array,
    by: Author,
    minutes: number | null = null,
  ): Promise<Applied | Refused> {
    return this.#inTurn(() => this.#commit(this.#file(main, request, false), by, minutes));
  }

  /** The same of a candidate; `check` and `preview` leave what runs as it is. */
  commit(
    candidate: string,
    by: Author,
    { check = false, preview = false, flows = null, confirm = null, system = true }: CommitHow,
  ): Promise<CommitAnswer> {
    const compile = (generation: number) =>
      this.#compiler.build(candidate, generation, { analyse: check || preview, system });
    if (check) return this.#inTurn(() => this.#dry.check(compile));
    if (preview) return this.#inTurn(() => this.#dry.preview(compile, flows));
    return this.#inTurn(() => this.#commit(compile, by, confirm));
  }

  /** What people do with candidates, in the compile thread. */
  candidate(ask: CandidateAsk): Promise<unknown> {
    return this.#compiler.candidate(ask);
  }

  #file(main: string, request: Uint8Array, dry: boolean): Compile {
    return (generation) => this.#compiler.compile(main, request, { generation, dry });
  }

  /** Keeps what waits for it; null where nothing does. */
  confirm(): Promise<Confirmed | null> {
    return this.#inTurn(async () => {
      const { waiting } = this.#confirmation;
      if (waiting === null) return null;
      await this.#confirmation.end();
      this.#log.info({ event: 'confirm', generation: waiting.generation });
      return { generation: waiting.generation };
    });
  }

  /** A secret was stored: who uses it is told. */
  async secretChanged(): Promise<void> {
    this.#inForce.system.changed();
    await this.vpn.changed();
  }

  /** What waits for its confirmation. */
  get unconfirmed(): Unconfirmed | null {
    return this.#confirmation.waiting;
  }

  /** What `apply` would do; everything stays as it is. */
  preview(
    main: string,
    request: Uint8Array,
    flows: readonly FlowAsked[] | null = null,
  ): Promise<Previewed | Refused> {
    return this.#inTurn(() => this.#dry.preview(this.#file(main, request, true), flows));
  }

  /**
   * Reads files of addresses again, all or those given, and brings new members into force: no commit,
   * the generation stays. `noticed` is when a change showed.
   */
  reload(files: readonly string[] | null, noticed = Date.now()): Promise<Reloaded> {
    return this.#inTurn(() => this.#members.reload(files, noticed));
  }

  async close(): Promise<void> {
    this.#confirmation.close();
    await this.#inForce.close();
    await this.#compiler.close();
    await this.#offline.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch((error: unknown) => this.#log.error(error));
    return turn;
  }

  async #commit(
    compile: Compile,
    by: Author,
    minutes: number | null,
  ): Promise<Applied | CommitRefused> {
    const before = this.#inForce.running;
    if (minutes !== null && before === null)
      return refusal('there is no configuration in force to go back to', []);
    let written = Promise.resolve();
    const ready = await this.#readying.ready(compile, (generation) => {
      // The disk has its time while the datapath builds; what is refused then is written over.
      written = this.#compiler.prepare(generation, by);
      written.catch(() => undefined);
    });
    if (ready.ok !== true) return ready.ok === 'same' ? sameAs(this.#inForce) : ready;
    const { generation, hash, image, decoded, diagnostics } = ready;
    const stages = { ...ready.stages, activate: 0, journal: 0 };
    const waiting = minutes === null ? null : { generation, until: Date.now() + minutes * 60_000 };
    if (!ready.changed) {
      // A deliberate apply of what waits is as good as its confirmation.
      if (minutes === null) await this.#confirmation.end();
      // Places of files may be others, and those are no part of the tables.
      this.#inForce.follow(
        await this.#compiler.keep(generation, { inForce: this.generation, by }, image),
      );
      return { ...unchanged(ready, this.#inForce), stages };
    }
    const start = performance.now();
    try {
      await written;
      if (waiting !== null && before !== null)
        await this.#confirmation.prepare(waiting, before.image);
    } catch (error) {
      await this.#staging.discard();
      throw error;
    }
    stages.journal = performance.now() - start;
    const sessions = await this.#staging.activate({ generation, hash }, stages);
    if (typeof sessions === 'string') {
      if (waiting !== null) await this.#confirmation.abandon();
      return refusal(sessions, diagnostics);
    }
    if (waiting === null) await this.#confirmation.end();
    else this.#confirmation.start(waiting);
    const settling = performance.now();
    const groups = await this.#compiler.keep(generation, { inForce: generation, by }, image);
    stages.journal += performance.now() - settling;
    this.#inForce.take({ generation, hash, image }, decoded);
    this.#inForce.follow(groups);
    const until = waiting === null ? {} : { confirm_until: new Date(waiting.until).toISOString() };
    const applied = { generation, bytes: image.length, stages, sessions, ...until };
    this.#log.info({ event: 'commit', ...by, ...applied });
    return { ok: true, changed: true, ...applied, diagnostics };
  }

  /** Time is up: the configuration from before comes back, as a generation of its own. */
  async #rollBack(): Promise<void> {
    const { waiting } = this.#confirmation;
    // Another apply may have set a later time while this waited for its turn; timers are a little early.
    if (waiting === null || Date.now() < waiting.until - 1000) return;
    const generation = this.generation + 1;
    const target = await this.#confirmation.target();
    const image = withGeneration(target, BigInt(generation));
    const decoded = decodeImage(image);
    const from = Number(decodeImage(target).generation);
    // The journal first: whatever ends from here on, the next start goes on with it.
    const comment = `commit ${waiting.generation} was not confirmed`;
    const by = { user: 'sluiced', from: 'this appliance', comment };
    const groups = await this.#compiler.goBack(image, from, by);
    // Whatever becomes of the push: a datapath that is away gets it when it comes back.
    this.#inForce.take({ generation, hash: hashOf(decoded), image }, decoded);
    await this.#confirmation.end();
    this.#inForce.follow(groups);
    this.#log.warn({ event: 'roll-back', from: waiting.generation, generation });
    await this.#reconciler.bringBack();
    // The members are those of before too; the files may have others by now.
    void this.reload(null);
  }
}
