// SPDX-License-Identifier: BSD-3-Clause
// The compile thread: candidates, loads and compiles; it keeps model and slots from commit to commit.
import { parentPort, workerData } from 'node:worker_threads';
import { MaglevTables } from '../balancer/maglev.js';
import { wordsAt } from '../compiler/edit/locate.js';
import { writeYaml } from '../compiler/edit/yaml.js';
import { grammar } from '../compiler/grammar.js';
import { columnsOf } from '../compiler/image-columns.js';
import { compileModel } from '../compiler/image.js';
import { SetMemory } from '../compiler/image-sets.js';
import { learns, withLearnt, type Learnt } from '../compiler/learnt.js';
import { loadModel, loadTree, type Loading } from '../compiler/load.js';
import { noSlots, type Slots } from '../compiler/slots.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { Source } from '../diagnostics/source.js';
import { diskReader, textReader } from '../rulefile/reader.js';
import { decodeImage } from '../tables/decode.js';
import { assertionsOf } from '../trace/assertions.js';
import type { ApplyRequest } from './api/types.js';
import type {
  Answer,
  Author,
  BuildJob,
  CandidateAsk,
  CompileJob,
  CompileOutcome,
  Done,
  GoBackJob,
  KeepJob,
  PrepareJob,
  Sent,
} from './compiler-messages.js';
import { CandidateError } from './candidate-error.js';
import { Idle } from './idle.js';
import { Candidates, type Built } from './candidates.js';
import { Journal, type Commit } from './journal/journal.js';
import { groupsTold, liveModel, renew, type Live } from './groups/live.js';
import {
  NO_GROUPS,
  type GroupsTold,
  type ReloadJob,
  type ReloadOutcome,
} from './groups/messages.js';
import { missingSecrets } from '../rulefile/secrets.js';
import { systemSecrets } from '../system/model.js';
import { secretsOf } from '../vpn/model.js';
import { Secrets } from '../vpn/secrets.js';
import { portsMissing } from './ports.js';
import { slotsOfImage } from './resume.js';

/** What was compiled last, until it is in force. */
interface Candidate {
  readonly generation: number;
  readonly slots: Slots;
  readonly live: Live;
  /** What a restart needs of it. */
  readonly written: Written;
}

type Written =
  | {
      readonly kind: 'commit';
      readonly main: string;
      readonly request: ApplyRequest;
      /** Of a candidate. */
      readonly from: { readonly candidate: string; readonly built: Texts } | null;
    }
  | { readonly kind: 'members'; readonly texts: ReadonlyMap<string, string> };

type Texts = Extract<Built, { readonly kind: 'texts' }>;

class Compiler {
  readonly #journal: Journal;
  readonly #candidates: Candidates;
  #slots = noSlots();
  readonly #tables = new MaglevTables();
  readonly #sets = new SetMemory();
  #candidate: Candidate | null = null;
  /** The model in force; null until something is applied, or resumed with what was kept of it. */
  #live: Live | null = null;
  #learnt: readonly Learnt[] = [];

  readonly #secrets: Secrets;

  constructor(directory: string) {
    this.#secrets = new Secrets(directory);
    this.#journal = new Journal(directory);
    this.#candidates = new Candidates(this.#journal);
  }

  run(job: Sent): Answer {
    this.#learnt = job.learnt;
    switch (job.op) {
      case 'compile':
        return { outcome: this.#apply(job) };
      case 'build':
        return { outcome: this.#build(job) };
      case 'rebuild':
        return { outcome: this.#rebuild() };
      case 'prepare':
        this.#prepare(job);
        return {};
      case 'reload':
        return { reload: this.#reload(job) };
      case 'keep':
        return { groups: this.#keep(job) };
      case 'resume':
        return { groups: this.#resume(job.image) };
      case 'go-back':
        return { groups: this.#goBack(job) };
      case 'candidate':
        return this.#ask(job.ask);
    }
  }

  #ask(ask: CandidateAsk): Answer {
    try {
      return { candidate: this.#answer(ask) };
    } catch (error) {
      if (!(error instanceof CandidateError)) throw error;
      return { refused: { status: error.status, message: error.message } };
    }
  }

  #warm(): void {
    const { model } = this.#candidates.warm();
    for (const { rules } of model?.policies ?? []) columnsOf(rules, this.#sets);
  }

  #answer(ask: CandidateAsk): unknown {
    const all = this.#candidates;
    switch (ask.to) {
      case 'open': {
        const told = all.open(ask.request);
        // Who has it open will commit, and has not said yet what.
        setImmediate(() => this.#warm());
        return told;
      }
      case 'list':
        return all.list();
      case 'drop':
        all.drop(ask.candidate);
        return { ok: true };
      case 'edit':
        return all.edit(ask.candidate, ask.operations);
      case 'config':
        return all.config(ask.of, ask.path, ask.format);
      case 'compare':
        return all.compare(ask.candidate, ask.with);
      case 'names':
        return all.names(ask.candidate);
      case 'rollback':
        return all.rollback(ask.candidate, ask.ago);
      case 'locked':
        return all.locked(null);
    }
  }

  #apply({ main, request, generation, dry }: CompileJob): CompileOutcome {
    const start = performance.now();
    const given = JSON.parse(Buffer.from(request).toString('utf8')) as ApplyRequest;
    const refused = dry ? null : this.#mayReplace(given.replace === true);
    if (refused !== null) return { ok: false, diagnostics: [], message: refused };
    const reader = textReader(new Map(Object.entries(given.files)));
    const received = performance.now();
    const loading = loadModel(main, reader);
    const read = loading.stages.read + received - start;
    return this.#compile(
      main,
      given,
      { ...loading, stages: { ...loading.stages, read } },
      generation,
    );
  }

  /** Why a file may not take the place of what was edited here, or is being edited by one alone. */
  #mayReplace(replace: boolean): string | null {
    const lock = this.#candidates.locked(null);
    if (lock !== null) return lock;
    const edits = replace ? [] : this.#journal.edits();
    const last = edits.at(-1);
    if (last === undefined) return null;
    const what = edits.flatMap(({ commit, user, changes }) =>
      changes.slice(0, 3).map((line) => `${line} (${user}, commit ${commit})`),
    );
    const more = what.length > 5 ? `; and ${what.length - 5} more` : '';
    return `the configuration was edited here since a file was applied: ${what.slice(0, 5).join('; ')}${more}; --replace goes over that`;
  }

  #build({ candidate, generation, analyse, system }: BuildJob): CompileOutcome {
    const start = performance.now();
    let built: Built;
    try {
      built = this.#candidates.build(candidate, generation);
    } catch (error) {
      if (!(error instanceof CandidateError)) throw error;
      return { ok: false, diagnostics: [], message: error.message };
    }
    if (built.kind === 'same') return { ok: 'same' };
    if (built.kind === 'conflicts') {
      const { conflicts } = built;
      const names = [...new Set(conflicts.map(({ user }) => user))].join(', ');
      const message = `${names} changed the same places since you began`;
      return { ok: false, diagnostics: [], message, conflicts };
    }
    if (!system && built.paths.some(([first]) => first === undefined || first === 'system')) {
      const message = 'only an admin changes system';
      return { ok: false, diagnostics: [], message };
    }
    const read = performance.now() - start;
    const loading = this.#load(built, analyse);
    const stages = { ...loading.stages, read };
    const { main, request } = built;
    const given = { ...loading, stages };
    const outcome = this.#compile(main, request, given, generation, { candidate, built });
    if (outcome.ok === 'same') return outcome;
    const told = { ...outcome, diagnostics: withPaths(outcome.diagnostics, built) };
    if (!told.ok || !analyse) return told;
    const known = new Set(this.#candidates.runningFindings().map(findingText));
    const findings = told.diagnostics.filter((one) => !known.has(findingText(one)));
    return { ...told, changes: built.places, findings };
  }

  #load({ main, request, tree }: Texts, analyse: boolean): Loading {
    const loading = loadTree(tree, { analyse });
    // Sets of an earlier load count anew where they are made again: only a load from nothing is sure.
    if (!loading.diagnostics.some(({ code }) => code === 'too-large')) return loading;
    return loadModel(main, textReader(new Map(Object.entries(request.files))), { analyse });
  }

  /** What the journal says runs, as the generation it had. */
  #rebuild(): CompileOutcome {
    const { head } = this.#journal;
    const kept = this.#journal.read(head);
    if (kept === null) return { ok: 'same' };
    const { main, request } = kept;
    const reader = textReader(new Map(Object.entries(request.files)));
    return this.#compile(main, request, loadModel(main, reader), head);
  }

  #compile(
    main: string,
    request: ApplyRequest,
    { model, groups, diagnostics, stages }: Loading,
    generation: number,
    from: { readonly candidate: string; readonly built: Texts } | null = null,
  ): CompileOutcome {
    if (model === null || groups === null)
      return { ok: false, diagnostics, message: 'the configuration has errors' };
    const portless = portsMissing(model);
    if (portless.length > 0) {
      const all = [...diagnostics, ...portless];
      return { ok: false, diagnostics: all, message: 'an appliance needs to know its ports' };
    }
    const needed = [
      ...model.tunnels.flatMap(secretsOf),
      ...systemSecrets(model.system).map(({ use }) => use),
    ];
    const secretless = missingSecrets(needed, this.#secrets.names(), 'error');
    if (secretless.length > 0) {
      const all = [...diagnostics, ...secretless];
      return { ok: false, diagnostics: all, message: 'secrets are named that are not stored' };
    }
    const loaded = performance.now();
    this.#tables.renew();
    const known = { slots: this.#slots, tables: this.#tables, sets: this.#sets };
    const compiled = compileModel(withLearnt(model, this.#learnt), {
      generation,
      ...known,
      file: main,
    });
    if (!compiled.ok) {
      const all = [...diagnostics, ...compiled.diagnostics];
      return { ok: false, diagnostics: all, message: 'the rule file is too large' };
    }
    const now = new Date().toISOString();
    const { slots, image } = compiled;
    const live = liveModel({ main, model, groups }, request.directory, request.files, () => now);
    const written = { kind: 'commit', main, request, from } as const;
    this.#candidate = { generation, slots, live, written };
    return {
      ok: true,
      image,
      stages: { ...stages, compile: performance.now() - loaded },
      assertions: assertionsOf(model, slots),
      edited: from !== null,
      system: model.system,
      diagnostics,
    };
  }

  /** The model in force with new members and addresses, as another image of the same generation. */
  #reload({ generation, files }: ReloadJob): ReloadOutcome {
    const nothing = { image: null, problem: null };
    if (this.#live === null) return { ...nothing, files: [], stages: { read: 0, compile: 0 } };
    const start = performance.now();
    const { live: renewed, reads, texts } = renew(this.#live, files, diskReader);
    const live = renewed ?? (learns(this.#live.model) ? this.#live : null);
    const read = performance.now() - start;
    if (live === null) return { ...nothing, files: reads, stages: { read, compile: 0 } };
    this.#tables.renew();
    const known = { slots: this.#slots, tables: this.#tables, sets: this.#sets };
    const compiled = compileModel(withLearnt(live.model, this.#learnt), {
      generation,
      ...known,
      file: live.main,
    });
    const stages = { read, compile: performance.now() - start - read };
    if (!compiled.ok) {
      const problem = compiled.diagnostics[0]?.message ?? 'the members are too many';
      return { files: reads, image: null, problem, stages };
    }
    const written = { kind: 'members', texts } as const;
    this.#candidate = { generation, slots: compiled.slots, live, written };
    return { files: reads, image: compiled.image, problem: null, stages };
  }

  #prepare({ generation, by }: PrepareJob): void {
    const { written } = this.#compiled(generation);
    if (written.kind !== 'commit') throw new Error('members are no commit');
    this.#journal.prepare(commitOf(generation, written, by), written.request);
  }

  #keep(job: KeepJob): GroupsTold {
    const { generation, inForce, by } = job;
    const { slots, live, written } = this.#compiled(generation);
    this.#slots = slots;
    this.#live = live;
    this.#candidate = null;
    const told = groupsTold(live);
    try {
      if (written.kind === 'members') this.#journal.reload(inForce, written.texts);
      else if (generation === inForce) this.#journal.settle(generation);
      else this.#journal.rewrite(commitOf(inForce, written, by), written.request);
    } catch (error) {
      return { ...told, unkept: (error as Error).message };
    } finally {
      if (written.kind === 'commit' && written.from !== null)
        this.#candidates.committed(written.from.candidate, generation, written.from.built);
      else if (written.kind === 'commit') this.#candidates.forget();
    }
    return told;
  }

  #compiled(generation: number): Candidate {
    const candidate = this.#candidate;
    if (generation !== candidate?.generation)
      throw new Error(`generation ${generation} was not the last to be compiled`);
    return candidate;
  }

  #goBack({ generation, from, by }: GoBackJob): GroupsTold {
    const main = this.#journal.commit(from)?.main ?? '';
    const at = new Date().toISOString();
    const commit = { commit: generation, at, by: 'expired', main, ...by } as const;
    this.#journal.bringBack(from, { ...commit, paths: null, changes: [] });
    this.#candidates.forget();
    return this.#takeUp(generation);
  }

  #resume(bytes: Uint8Array): GroupsTold {
    const image = decodeImage(bytes);
    this.#slots = slotsOfImage(image);
    const generation = Number(image.generation);
    // A commit that was prepared and came into force, before anybody could say so.
    if (this.#journal.head !== generation && this.#journal.commit(generation) !== null)
      this.#journal.settle(generation);
    this.#candidates.forget();
    return this.#takeUp(generation);
  }

  /** The model that was kept with a generation; without one, no group follows its files. */
  #takeUp(generation: number): GroupsTold {
    this.#candidate = null;
    this.#live = null;
    const kept = this.#journal.read(generation);
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

/** A finding, wherever the lines are that it speaks of. */
function findingText({ code, message }: Diagnostic): string {
  return `${code} ${message}`;
}

/** Diagnostics of a configuration that was edited lead to their places by words too. */
function withPaths(diagnostics: readonly Diagnostic[], { main, root }: Texts): Diagnostic[] {
  if (!diagnostics.some(({ file }) => file === main)) return [...diagnostics];
  const { text, root: placed } = writeYaml(root, grammar().root);
  const source = new Source(main, text, 0);
  return diagnostics.map((one) => {
    if (one.file !== main) return one;
    return { ...one, path: wordsAt(placed, grammar().root, source.offset(one)) };
  });
}

/** What the journal says of a commit. */
function commitOf(
  number: number,
  { main, from }: Extract<Written, { readonly kind: 'commit' }>,
  by: Author,
): Commit {
  return {
    commit: number,
    at: new Date().toISOString(),
    ...by,
    by: from?.built.by ?? 'apply',
    main,
    paths: from?.built.paths ?? null,
    changes: from?.built.changes ?? [],
  };
}

const port = parentPort;
if (port === null) throw new Error('this module is the body of a worker thread');
const compiler = new Compiler(workerData as string);
const idle = new Idle();
port.on('message', (job: Sent) => {
  const done = answer(job);
  const image = done.outcome?.ok === true ? done.outcome.image : done.reload?.image;
  idle.worked();
  port.postMessage(done, image?.buffer instanceof ArrayBuffer ? [image.buffer] : []);
});

function answer(job: Sent): Done {
  try {
    return { id: job.id, ...compiler.run(job) };
  } catch (error) {
    return { id: job.id, fault: (error as Error).stack ?? String(error) };
  }
}
