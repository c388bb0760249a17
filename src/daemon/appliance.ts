// SPDX-License-Identifier: BSD-3-Clause
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { DatapathAway, DatapathRefused } from '../datapath/libsluice.js';
import { OfflineDatapath } from '../datapath/offline.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { systemSecrets, type System } from '../system/model.js';
import { formatAddress } from '../net/address.js';
import { readAddress } from '../tables/address.js';
import { decodeImage, ImageError, type DecodedImage } from '../tables/decode.js';
import { withGeneration } from '../tables/encode.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import type {
  Applied,
  ChangedPlace,
  Confirmed,
  Previewed,
  Refused,
  Reloaded,
  RunningSource,
} from './api/types.js';
import { failing, type Assertion } from '../trace/assertions.js';
import type { CommitAnswer, CommitRefused } from './api/candidates.js';
import type { Author, CandidateAsk, CompileOutcome, CompileStages } from './compiler-messages.js';
import type { CompilerThread } from './compiler-thread.js';
import type { DatapathProcess, DatapathStatus } from './datapath-process.js';
import type { FlowAsked, FlowsTold } from './api/flows.js';
import { ruleChanges } from './changes.js';
import { flowChanges, type Side } from './flows.js';
import { Confirmation, type Unconfirmed } from './confirm.js';
import { Secrets } from '../vpn/secrets.js';
import { FrrDaemons } from './routing/frr.js';
import { Vpn } from './vpn/vpn.js';
import { Balancing } from './balancing.js';
import { Idle } from './idle.js';
import { Journal } from './journal/journal.js';
import { GroupFiles } from './groups/group-files.js';
import type { GroupsTold, ReloadOutcome } from './groups/messages.js';
import { Learning } from './learning/learning.js';
import { Names } from './names.js';
import { endedBy, type PreviewTold } from './preview.js';

export interface Directories {
  readonly run: string;
  readonly state: string;
}

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

/** What the model in force says of the appliance itself, and of one that may follow. */
export interface SystemFollower {
  /** What would be wrong with it, where interfaces have these addresses; nothing is changed. */
  readonly refuses: (
    system: System,
    addresses: ReadonlySet<string>,
  ) => Promise<readonly Diagnostic[]>;
  readonly take: (system: System | null) => void;
  /** A secret is another now. */
  readonly changed: () => void;
}

const NOBODY: SystemFollower = {
  refuses: () => Promise.resolve([]),
  take: () => undefined,
  changed: () => undefined,
};

type Compile = (generation: number) => Promise<CompileOutcome>;

/** A candidate that says what runs. */
interface Same {
  readonly ok: 'same';
}

interface Running {
  readonly generation: number;
  readonly hash: string;
  readonly image: Uint8Array;
}

/** A rule file compiled, staged where it is new, and with assertions that hold. */
interface Ready {
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

/** The running model, and how another takes its place: whole, or not at all. */
export class Appliance {
  readonly names = new Names();
  readonly datapath: DatapathProcess;
  readonly groups: GroupFiles;
  readonly balancing: Balancing;
  readonly vpn: Vpn;
  readonly frr: FrrDaemons;
  readonly journal: Journal;
  readonly learning: Learning;
  readonly #directory: string;
  readonly #compiler: CompilerThread;
  readonly #log: Logger;
  readonly #system: SystemFollower;
  readonly #confirmation: Confirmation;
  readonly #idle = new Idle();
  #running: Running | null = null;
  #offline: Promise<OfflineDatapath>;
  /** Changes happen one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * `run` is where the datapath keeps its image, `state` what outlives a reboot; `system` is told what
   * the model in force says of the appliance itself.
   */
  constructor(
    { run, state }: Directories,
    datapath: DatapathProcess,
    compiler: CompilerThread,
    log: Logger,
    system: SystemFollower = NOBODY,
  ) {
    this.#directory = run;
    this.journal = new Journal(state);
    this.datapath = datapath;
    this.#compiler = compiler;
    this.#log = log;
    this.#system = system;
    this.#confirmation = new Confirmation(state, () => {
      void this.#inTurn(() => this.#rollBack());
    });
    // Kept warm: its start is the longest part of asking an assertion.
    this.#offline = warm(datapath.program);
    this.groups = new GroupFiles(log, (files, noticed) => void this.reload(files, noticed));
    this.balancing = new Balancing(run, datapath, log);
    this.learning = new Learning(run, log, () => void this.#learn());
    compiler.learnt = this.learning.learnt;
    this.vpn = new Vpn(run, new Secrets(state), log);
    this.frr = new FrrDaemons(run, log);
    datapath.on('up', (status) => {
      void this.#inTurn(() => this.#reconcile(status)).then(() => this.balancing.restarted());
      // Files may have changed while nobody looked, or while there was nothing to change.
      void this.reload(null);
    });
  }

  /** Generation in force as sluiced knows it, 0 for none. */
  get generation(): number {
    return this.#running?.generation ?? 0;
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
    if (check) return this.#inTurn(() => this.#check(compile));
    if (preview) return this.#inTurn(() => this.#preview(compile, flows));
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
    this.#system.changed();
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
    return this.#inTurn(() => this.#preview(this.#file(main, request, true), flows));
  }

  /**
   * Reads files of addresses again, all or those given, and brings new members into force: no commit,
   * the generation stays. `noticed` is when a change showed.
   */
  reload(files: readonly string[] | null, noticed = Date.now()): Promise<Reloaded> {
    return this.#inTurn(() => this.#reload(files, noticed));
  }

  async close(): Promise<void> {
    this.#confirmation.close();
    this.groups.close();
    this.learning.close();
    await this.balancing.close();
    await this.vpn.close();
    await this.frr.close();
    await this.#compiler.close();
    await this.#closeOffline();
  }

  async #closeOffline(): Promise<void> {
    const offline = await this.#offline.catch(() => null);
    await offline?.close();
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
    const before = this.#running;
    if (minutes !== null && before === null)
      return refusal('there is no configuration in force to go back to', []);
    let written = Promise.resolve();
    const ready = await this.#ready(compile, (generation) => {
      // The disk has its time while the datapath builds; what is refused then is written over.
      written = this.#compiler.prepare(generation, by);
      written.catch(() => undefined);
    });
    if (ready.ok !== true) return ready.ok === 'same' ? this.#same() : ready;
    const { generation, hash, image, decoded, diagnostics } = ready;
    const stages = { ...ready.stages, activate: 0, journal: 0 };
    const waiting = minutes === null ? null : { generation, until: Date.now() + minutes * 60_000 };
    if (!ready.changed) {
      // A deliberate apply of what waits is as good as its confirmation.
      if (minutes === null) await this.#confirmation.end();
      // Places of files may be others, and those are no part of the tables.
      this.#follow(await this.#compiler.keep(generation, { inForce: this.generation, by }, image));
      return { ...this.#unchanged(ready), stages };
    }
    const start = performance.now();
    try {
      await written;
      if (waiting !== null && before !== null)
        await this.#confirmation.prepare(waiting, before.image);
    } catch (error) {
      await this.#discard();
      throw error;
    }
    stages.journal = performance.now() - start;
    const sessions = await this.#activate({ generation, hash }, stages);
    if (typeof sessions === 'string') {
      if (waiting !== null) await this.#confirmation.abandon();
      return refusal(sessions, diagnostics);
    }
    if (waiting === null) await this.#confirmation.end();
    else this.#confirmation.start(waiting);
    const settling = performance.now();
    const groups = await this.#compiler.keep(generation, { inForce: generation, by }, image);
    stages.journal += performance.now() - settling;
    this.#take({ generation, hash, image }, decoded);
    this.#follow(groups);
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
    this.#take({ generation, hash: hashOf(decoded), image }, decoded);
    await this.#confirmation.end();
    this.#follow(groups);
    this.#log.warn({ event: 'roll-back', from: waiting.generation, generation });
    await this.#bringBack();
    // The members are those of before too; the files may have others by now.
    void this.reload(null);
  }

  async #check(compile: Compile): Promise<Applied | CommitRefused> {
    const ready = await this.#ready(compile);
    if (ready.ok !== true) return ready.ok === 'same' ? this.#same() : ready;
    if (ready.changed) await this.#discard();
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

  async #preview(
    compile: Compile,
    flows: readonly FlowAsked[] | null,
  ): Promise<Previewed | CommitRefused> {
    const ready = await this.#ready(compile);
    const preview = true as const;
    if (ready.ok === 'same') {
      const rules = { added: [], removed: [], changed: [], moved: [] };
      return {
        ...this.#same(),
        preview,
        stages: { ...NO_STAGES, preview: 0 },
        ended_by: [],
        rules,
      };
    }
    if (!ready.ok) return ready;
    const { generation, image, decoded, diagnostics } = ready;
    const before = this.#running === null ? null : decodeImage(this.#running.image);
    const rules = ruleChanges(before, decoded);
    const stages = { ...ready.stages, preview: 0 };
    if (!ready.changed) return { ...this.#unchanged(ready), preview, stages, ended_by: [], rules };
    const start = performance.now();
    try {
      const argument = BigInt(generation);
      const told = await this.datapath.json<PreviewTold>(M.OP_PREVIEW, { argument });
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
        ended_by: endedBy(told, this.names, staged),
        rules,
        ...asked,
        ...(ready.changes === undefined ? {} : { changes: ready.changes }),
        ...(ready.findings === undefined ? {} : { findings: ready.findings }),
        diagnostics,
      };
    } finally {
      await this.#discard();
    }
  }

  async #reload(files: readonly string[] | null, noticed: number): Promise<Reloaded> {
    const notice = Math.max(0, Date.now() - noticed);
    const { generation } = this;
    const outcome =
      this.#running === null
        ? NOTHING_READ
        : await this.#compiler.reload(generation, files).catch(failedReload);
    const stages = { notice, ...outcome.stages, stage: 0, activate: 0 };
    const pushed = await this.#pushMembers(outcome.image, stages);
    const problem = outcome.problem ?? (typeof pushed === 'string' ? pushed : null);
    this.groups.note(outcome.files, problem);
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

  /** Brings addresses that interfaces have learnt into force: no commit, the generation stays. */
  #learn(): Promise<void> {
    return this.#inTurn(async () => {
      this.#compiler.learnt = this.learning.learnt;
      const { generation } = this;
      const { image, problem } = await this.#compiler.reload(generation, []).catch(failedReload);
      const stages = { stage: 0, activate: 0 };
      const pushed = await this.#pushMembers(image, stages);
      if (problem !== null || typeof pushed === 'string')
        this.#log.error({ event: 'addresses-not-in-force', problem: problem ?? pushed });
      else if (pushed !== null)
        this.#log.info({ event: 'addresses-in-force', generation, stages, sessions: pushed });
    });
  }

  /** Brings an image of the generation in force into its place; a text says why it does not. */
  async #pushMembers(
    image: Uint8Array | null,
    stages: { stage: number; activate: number },
  ): Promise<Applied['sessions'] | string | null> {
    if (image === null) return null;
    const { generation } = this;
    try {
      const decoded = decodeImage(image);
      const hash = hashOf(decoded);
      let sessions: Applied['sessions'] | string = NO_SESSIONS;
      // Assertions are about the rules: they were asked when those came, and members may contradict.
      if (hash !== this.#running?.hash) {
        const message = await this.#stage(image, stages);
        sessions = message ?? (await this.#activate({ generation, hash }, stages));
      }
      if (typeof sessions === 'string') return sessions;
      const by = { user: 'sluiced', from: 'files of addresses', comment: null };
      const groups = await this.#compiler.keep(generation, { inForce: generation, by }, image);
      this.#take({ generation, hash, image }, decoded);
      this.#follow(groups);
      return sessions;
    } catch (error) {
      if (!(error instanceof DatapathAway)) throw error;
      return error.message;
    }
  }

  #follow(groups: GroupsTold): void {
    this.groups.take(groups);
    this.balancing.take(this.names.balancers, groups.balancers);
    this.vpn.take(groups.tunnels, this.names.interfaceSlots);
    this.frr.take(groups.frr);
    this.#system.take(groups.system);
    this.vpn.alsoNeeded = groups.system === null ? [] : systemSecrets(groups.system);
    this.learning.take(groups.learners);
    if (groups.unkept !== undefined)
      this.#log.error({ event: 'model-not-kept', message: groups.unkept });
  }

  /** A candidate that says what runs: nothing is compiled or pushed. */
  #same(): Applied {
    const { generation } = this;
    const bytes = this.#running?.image.length ?? 0;
    const nothing = {
      stages: { ...NO_STAGES, activate: 0 },
      sessions: NO_SESSIONS,
      diagnostics: [],
    };
    return { ok: true, changed: false, generation, bytes, ...nothing };
  }

  #unchanged({ image, diagnostics }: Ready) {
    const sessions = { kept: 0, ended: 0 };
    const same = { generation: this.generation, bytes: image.length };
    return { ok: true, changed: false, ...same, sessions, diagnostics } as const;
  }

  /**
   * Compiles, stages and asks the assertions; where anything refuses, nothing stays staged. `meanwhile`
   * is what else has to be done with what was compiled, where it is new.
   */
  async #ready(
    compile: Compile,
    meanwhile: (generation: number) => void = () => undefined,
  ): Promise<Ready | Same | CommitRefused> {
    if (this.datapath.status === null) throw new DatapathAway('the datapath is not running');
    const generation = Math.max(this.generation, this.datapath.status.generation) + 1;
    const compiled = await compile(generation);
    if (compiled.ok !== true) return compiled;
    const { image, assertions, system } = compiled;
    const decoded = decodeImage(image);
    const told = await this.#system.refuses(system, addressesOf(decoded));
    const diagnostics = [...compiled.diagnostics, ...told];
    if (told.some(({ severity }) => severity === 'error'))
      return refusal('a listener cannot be opened', diagnostics);
    const hash = hashOf(decoded);
    const stages = { ...compiled.stages, stage: 0, assert: 0 };
    // What was edited is a commit of its own, if only for its texts.
    const changed = compiled.edited || hash !== this.#running?.hash;
    if (changed) meanwhile(generation);
    const refused = changed ? await this.#stage(image, stages) : null;
    if (refused !== null) return refusal(refused, diagnostics);
    const failed = await this.#assert(decoded, image, assertions, stages);
    if (failed.length === 0)
      return { ...compiled, diagnostics, generation, hash, changed, decoded, stages };
    if (changed) await this.#discard();
    return refusal('an assertion does not hold', [...diagnostics, ...failed]);
  }

  /** Which of the flows would have another verdict; without anything in force there is none to tell. */
  async #flows(flows: readonly FlowAsked[], after: Side): Promise<{ flows?: FlowsTold }> {
    const running = this.#running;
    if (running === null) return {};
    const { image } = running;
    const before = { image, decoded: decodeImage(image), names: this.names };
    return {
      flows: await this.#offlineAsked((offline) => flowChanges(flows, offline, before, after)),
    };
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
      const failed = await this.#offlineAsked((offline) =>
        failing(assertions, offline, image, names.slots),
      );
      stages.assert = performance.now() - start;
      return failed;
    } catch (error) {
      await this.#discard();
      throw error;
    }
  }

  async #offlineAsked<T>(ask: (offline: OfflineDatapath) => Promise<T>): Promise<T> {
    try {
      return await ask(await this.#offline);
    } catch (error) {
      // Whatever is wrong with it, the next who asks gets a new one.
      await this.#closeOffline();
      this.#offline = warm(this.datapath.program);
      throw error;
    }
  }

  /** Tables beside those in force; where the datapath refuses them, why. */
  async #stage(image: Uint8Array, stages: { stage: number }): Promise<string | null> {
    const start = performance.now();
    try {
      await this.datapath.request(M.OP_STAGE, { body: image });
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
  async #activate(
    { generation, hash }: { readonly generation: number; readonly hash: string },
    stages: { activate: number },
  ): Promise<Applied['sessions'] | string> {
    const start = performance.now();
    try {
      const argument = BigInt(generation);
      const answer = await this.datapath.json<Applied['sessions']>(M.OP_ACTIVATE, { argument });
      const status = await this.datapath.json<DatapathStatus>(M.OP_STATUS);
      if (status.generation !== generation || status.model !== hash)
        throw new Error(
          `generation ${generation} was activated, and ${status.generation} with the model ${status.model} runs`,
        );
      stages.activate = performance.now() - start;
      return { kept: answer.kept, ended: answer.ended };
    } catch (error) {
      await this.#discard();
      return refused(error);
    }
  }

  async #discard(): Promise<void> {
    await this.datapath.request(M.OP_DISCARD).catch(() => undefined);
  }

  #take(running: Running, decoded: DecodedImage): void {
    this.#running = running;
    this.names.take(decoded);
    this.#idle.worked();
  }

  /** After the datapath came up: what it runs is taken over, or brought to what ran before. */
  async #reconcile({ pid, generation, model }: DatapathStatus): Promise<void> {
    this.#log.info({ event: 'datapath-up', pid, generation });
    if (this.#running === null && generation < this.journal.head) return this.#rebuild();
    if (generation === this.generation && model === (this.#running?.hash ?? '')) return;
    if (generation > this.generation) {
      await this.#confirmation.resume(generation);
      const image = await this.#imageOnDisk(generation);
      if (image === null) return;
      const decoded = decodeImage(image);
      const groups = await this.#compiler.resume(image);
      this.#take({ generation, hash: hashOf(decoded), image }, decoded);
      this.#follow(groups);
      return;
    }
    await this.#bringBack();
  }

  /** A datapath without tables, or with older ones, gets what the journal says runs. */
  async #rebuild(): Promise<void> {
    const generation = this.journal.head;
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
    this.#take({ generation, hash: hashOf(decoded), image }, decoded);
    this.#follow(groups);
    await this.#confirmation.resume(generation);
    await this.#bringBack();
    this.#log.info({ event: 'rebuilt', generation });
  }

  /** What runs by our book comes into force. */
  async #bringBack(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    const message =
      (await this.#stage(running.image, { stage: 0 })) ??
      (await this.#activate(running, { activate: 0 }));
    if (typeof message === 'string')
      this.#log.error({ event: 'datapath-refused', generation: running.generation, message });
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

const NO_STAGES = { read: 0, schema: 0, check: 0, compile: 0, assert: 0, stage: 0 };
const NO_SESSIONS = { kept: 0, ended: 0 };
const NOTHING_READ: ReloadOutcome = {
  files: [],
  image: null,
  problem: null,
  stages: { read: 0, compile: 0 },
};

function failedReload(error: unknown): ReloadOutcome {
  return { ...NOTHING_READ, problem: (error as Error).message };
}

/** A failure shows when it is asked. */
function warm(program: string): Promise<OfflineDatapath> {
  const offline = OfflineDatapath.start(program);
  offline.catch(() => undefined);
  return offline;
}

/** What the datapath said when it refused; any other failure is thrown on. */
function refused(error: unknown): string {
  if (!(error instanceof DatapathRefused)) throw error;
  return `the datapath refuses the tables: ${error.message}`;
}

function hashOf(image: DecodedImage): string {
  return Buffer.from(image.modelHash).toString('hex');
}

/** Of all interfaces. */
function addressesOf(image: DecodedImage): Set<string> {
  return new Set(
    image
      .records('addresses')
      .map(({ address, family }) => formatAddress(readAddress(address, family))),
  );
}

function refusal(message: string, diagnostics: readonly Diagnostic[]): Refused {
  return { ok: false, message, diagnostics };
}
