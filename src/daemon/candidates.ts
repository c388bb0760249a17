// SPDX-License-Identifier: BSD-3-Clause
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { compare, type Difference } from '../compiler/edit/compare.js';
import { edit, isLoad, refusedAt } from '../compiler/edit/edit.js';
import { locate } from '../compiler/edit/locate.js';
import { mergeChanges, mergeInto } from '../compiler/edit/merge.js';
import { filesNamed } from '../compiler/edit/files.js';
import { namesIn } from '../compiler/edit/names.js';
import { map } from '../compiler/edit/nodes.js';
import { find } from '../compiler/edit/place.js';
import { setLines, textLines, viewOf } from '../compiler/edit/view.js';
import { PieceWriter } from '../compiler/edit/pieces.js';
import { writeYaml } from '../compiler/edit/yaml.js';
import { documentLayout } from '../compiler/document.js';
import { grammar } from '../compiler/grammar.js';
import { loadTree, readTree, type Loading, type Tree } from '../compiler/load.js';
import { LoadMemory } from '../compiler/memory.js';
import { Collector } from '../diagnostics/collect.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { Sources } from '../diagnostics/source.js';
import type { Words } from '../rulefile/config.js';
import { diskReader, textReader } from '../rulefile/reader.js';
import type { Node } from '../rulefile/tree.js';
import type {
  CandidateRequest,
  CandidateTold,
  Compared,
  Conflict,
  Edited,
  EditRefused,
  LiveNames,
  Operation,
  SetConfig,
  TreeConfig,
  YamlConfig,
} from './api/candidates.js';
import type { ApplyRequest, ChangedPlace } from './api/types.js';
import { CandidateError } from './candidate-error.js';
import type { Journal } from './journal/journal.js';

/** A configuration that ran, as a tree, with the texts it came from. */
interface Ran {
  readonly number: number;
  readonly main: string;
  readonly request: ApplyRequest;
  readonly root: Node;
}

interface Candidate {
  readonly told: Omit<CandidateTold, 'changed'>;
  readonly base: Ran;
  root: Node;
  /** Nothing but what ran at an earlier commit: its texts come back verbatim. */
  source: Ran | null;
}

/** What a commit of a candidate is made of. */
export type Built =
  | { readonly kind: 'same' }
  | { readonly kind: 'conflicts'; readonly conflicts: readonly Conflict[] }
  | {
      readonly kind: 'texts';
      readonly main: string;
      readonly request: ApplyRequest;
      readonly tree: Tree;
      readonly root: Node;
      readonly by: 'edit' | 'rollback';
      readonly paths: readonly Words[];
      readonly places: readonly ChangedPlace[];
      readonly changes: readonly string[];
    };

/** Commands that a commit keeps of what it changed. */
const MOST_CHANGES = 20;
/** Candidates at once; each has a tree of its own, most of it shared. */
const MOST_CANDIDATES = 100;

/** The configurations that people edit, each their own. */
export class Candidates {
  readonly #journal: Journal;
  readonly #all = new Map<string, Candidate>();
  readonly #writer = new PieceWriter();
  readonly #memory = new LoadMemory();
  #running: Ran | null = null;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  open({ mode, user, from }: CandidateRequest): CandidateTold {
    const lock = [...this.#all.values()].find(({ told }) => told.mode === 'exclusive');
    if (lock !== undefined)
      throw new CandidateError(409, `${who(lock)} has the configuration for themselves`);
    const other = [...this.#all.values()].find((one) => one.root !== one.base.root);
    if (mode === 'exclusive' && other !== undefined)
      throw new CandidateError(409, `${who(other)} has changes that are not committed`);
    if (this.#all.size >= MOST_CANDIDATES)
      throw new CandidateError(409, `${MOST_CANDIDATES} people edit already`);
    const base = this.running();
    const id = randomBytes(8).toString('hex');
    const told = { id, mode, user, from, base: base.number, since: new Date().toISOString() };
    this.#all.set(id, { told, base, root: base.root, source: null });
    return { ...told, changed: false };
  }

  list(): CandidateTold[] {
    return [...this.#all.values()].map(({ told, root, base }) => ({
      ...told,
      changed: root !== base.root,
    }));
  }

  drop(id: string): void {
    this.#one(id);
    this.#all.delete(id);
  }

  /** Why an apply may not go on: somebody has the configuration alone. */
  locked(but: string | null): string | null {
    const lock = [...this.#all.values()].find(({ told }) => told.mode === 'exclusive');
    if (lock === undefined || lock.told.id === but) return null;
    return `${who(lock)} has the configuration for themselves`;
  }

  edit(id: string, operations: readonly Operation[]): Edited | EditRefused {
    const candidate = this.#one(id);
    let { root } = candidate;
    const diagnostics: Diagnostic[] = [];
    for (const [i, operation] of operations.entries()) {
      if (isLoad(operation)) {
        const loaded = this.#load(operation.text, operation.file ?? 'load');
        diagnostics.push(...loaded.diagnostics);
        if (loaded.root === null) return { ok: false, errors: [], diagnostics };
        const merge = operation.op === 'load-merge';
        root = merge ? mergeInto(root, loaded.root, grammar().root) : loaded.root;
        continue;
      }
      const outcome = edit(root, operation);
      if ('message' in outcome) return { ok: false, errors: [refusedAt(i, outcome)], diagnostics };
      ({ root } = outcome);
    }
    const changed = root !== candidate.root;
    if (changed) candidate.source = null;
    candidate.root = root;
    return { ok: true, changed, diagnostics };
  }

  /** The part at a path, of a candidate or of what runs or ran. */
  config(
    of: string | number | null,
    words: Words,
    format: string,
  ): TreeConfig | SetConfig | YamlConfig {
    const root = typeof of === 'string' ? this.#one(of).root : this.#ran(of).root;
    const located = locate(grammar().root, words);
    if ('message' in located) throw new CandidateError(400, located.message);
    const node = find(root, located.steps);
    const last = located.steps.at(-1);
    const view = node === undefined ? null : viewOf(node, last?.grammar ?? grammar().root);
    switch (format) {
      case 'set':
        return { lines: view === null ? [] : setLines(view, words) };
      case 'text':
        return {
          text:
            view === null
              ? ''
              : textLines(view)
                  .map((line) => `${line}\n`)
                  .join(''),
        };
      case 'yaml':
        return {
          text: writeYaml(words.length === 0 ? root : (node ?? map([])), grammar().root).text,
        };
      case 'tree':
        return { config: view };
      default:
        throw new CandidateError(400, 'format is tree, set, text or yaml');
    }
  }

  compare(id: string, other: number | null): Compared {
    const to = this.#one(id).root;
    const { hunks, commands } = compare(
      viewOf(this.#ran(other).root, grammar().root),
      viewOf(to, grammar().root),
    );
    return { hunks, commands };
  }

  names(id: string | null): LiveNames {
    return namesIn(id === null ? this.running().root : this.#one(id).root);
  }

  /** The candidate becomes what ran so many commits ago. */
  rollback(id: string, ago: number): Edited {
    const candidate = this.#one(id);
    const found = this.#journal.list().find((one) => one.ago === ago);
    if (found === undefined) throw new CandidateError(404, `there is no commit ${ago} ago`);
    const ran = this.#ran(found.commit);
    const before = candidate.root;
    candidate.root = ran.root;
    candidate.source = ran;
    return { ok: true, changed: before !== ran.root, diagnostics: [] };
  }

  /** What a commit of the candidate brings into force, over what others committed since. */
  build(id: string, number: number): Built {
    const candidate = this.#one(id);
    const lock = this.locked(id);
    if (lock !== null) throw new CandidateError(409, lock);
    const running = this.running();
    const schema = grammar().root;
    const { base, source } = candidate;
    let { root } = candidate;
    if (base.number !== running.number && source === null) {
      const merged = mergeChanges(base.root, root, running.root, schema);
      if ('conflicts' in merged)
        return { kind: 'conflicts', conflicts: this.#blame(merged.conflicts, base.number) };
      ({ root } = merged);
    }
    const { differences, commands } = compare(viewOf(running.root, schema), viewOf(root, schema));
    if (differences.length === 0) return { kind: 'same' };
    const changed = {
      paths: differences.map((one) => one.path),
      places: differences.map(placeOf),
      changes: commands.slice(0, MOST_CHANGES),
      root,
    };
    if (source !== null) {
      const { main, request } = source;
      const tree = readTree(main, textReader(new Map(Object.entries(request.files))));
      return { kind: 'texts', by: 'rollback', main, request, tree, ...changed };
    }
    const written = this.#canonical(root, number, running.request);
    return { kind: 'texts', by: 'edit', ...changed, ...written };
  }

  /** Does before a commit what the first of one would have to: it is then as fast as the next. */
  warm(): Loading {
    const running = this.running();
    viewOf(running.root, grammar().root);
    const { tree, root } = this.#canonical(running.root, running.number, running.request);
    const loading = loadTree(tree);
    this.#running = { ...running, root };
    for (const [id, one] of this.#all)
      if (one.base === running && one.root === running.root && one.source === null)
        this.#all.set(id, { ...one, base: this.#running, root });
    return loading;
  }

  /** What comparing the rules that run with each other finds. */
  runningFindings(): readonly Diagnostic[] {
    const { root, request, number } = this.running();
    return loadTree(this.#canonical(root, number, request).tree, { analyse: true }).diagnostics;
  }

  /** What was built from a candidate is in force: it goes on from there. */
  committed(id: string | null, number: number, built: Extract<Built, { kind: 'texts' }>): void {
    const { main, request, root } = built;
    this.#running = { number, main, request, root };
    const candidate = id === null ? undefined : this.#all.get(id);
    if (candidate === undefined) return;
    const told = { ...candidate.told, base: number };
    this.#all.set(candidate.told.id, { told, base: this.#running, root, source: null });
  }

  /** Something else is in force now; it is read when somebody needs it. */
  forget(): void {
    this.#running = null;
  }

  running(): Ran {
    return (this.#running ??= this.#read(this.#journal.head));
  }

  #ran(number: number | null): Ran {
    if (number === null || number === this.running().number) return this.running();
    const held = [...this.#all.values()].find(({ base }) => base.number === number);
    return held?.base ?? this.#read(number);
  }

  #read(number: number): Ran {
    const nothing = { files: {}, directory: '/' };
    if (number === 0) return { number, main: 'commit:0', request: nothing, root: map([]) };
    const kept = this.#journal.read(number);
    if (kept === null) throw new CandidateError(404, `there is no commit ${number}`);
    const { main, request } = kept;
    const { root } = readTree(main, textReader(new Map(Object.entries(request.files))));
    return { number, main, request, root: root ?? map([]) };
  }

  #load(text: string, file: string): { root: Node | null; diagnostics: readonly Diagnostic[] } {
    const { root, collector } = readTree(file, (name) => (name === file ? text : diskReader(name)));
    return { root: collector.errors > 0 ? null : root, diagnostics: collector.list() };
  }

  /** Who changed the places since a commit. */
  #blame(conflicts: readonly Words[], base: number): Conflict[] {
    const since = this.#journal.list().filter(({ commit }) => commit > base);
    return conflicts.map((path) => {
      const by = since.find(({ commit }) => {
        const paths = this.#journal.commit(commit)?.paths ?? null;
        return (
          paths === null ||
          paths.some((one) => one.every((w, i) => path[i] === undefined || path[i] === w))
        );
      });
      const { user, commit } = by ?? since[0] ?? { user: 'somebody', commit: this.#journal.head };
      return { path, user, commit };
    });
  }

  /** The texts of an edited tree: canonical YAML, and the files it names; its placed tree. */
  #canonical(
    root: Node,
    number: number,
    { files: known, directory }: ApplyRequest,
  ): { main: string; request: ApplyRequest; tree: Tree; root: Node } {
    const main = `commit:${number}`;
    const { text, pieces, root: placed } = this.#writer.write(root, grammar().root);
    const sources = new Sources();
    sources.addPieces(main, pieces);
    const collector = new Collector(sources);
    const files: Record<string, string> = { [main]: text };
    for (const file of filesNamed(root, documentLayout())) {
      const read = known[file] ?? diskReader(path.resolve(directory, file));
      if (typeof read !== 'string') {
        const reason = read === null ? 'there is no such file' : read.problem;
        collector.addFile('file-unreadable', file, `it cannot be read: ${reason}`);
        continue;
      }
      files[file] = read;
      sources.add(file, read);
    }
    const tree = { root: placed, sources, collector, memory: this.#memory };
    return { main, request: { files, directory }, tree, root: placed };
  }

  #one(id: string): Candidate {
    const candidate = this.#all.get(id);
    if (candidate === undefined) throw new CandidateError(404, `there is no candidate ${id}`);
    return candidate;
  }
}

/** What stands at places, by the words they begin with. */
const KINDS: readonly (readonly [begins: RegExp, what: string])[] = [
  [/^interfaces /, 'interface'],
  [/^zones /, 'zone'],
  [/^groups /, 'group'],
  [/^schedules /, 'schedule'],
  [/^policies /, 'rule'],
  [/^nat /, 'nat'],
  [/^balancers \S+ backends /, 'backend'],
  [/^balancers /, 'balancer'],
  [/^vpn tunnels /, 'tunnel'],
  [/^routing /, 'route'],
];

function placeOf({ path, kind }: Difference): ChangedPlace {
  const what = KINDS.find(([begins]) => begins.test(path.join(' ')))?.[1] ?? 'other';
  const plain = kind === 'added' || kind === 'removed';
  return { what, path, change: plain ? kind : kind === 'order' ? 'moved' : 'changed' };
}

function who({ told: { user, from, since } }: Candidate): string {
  return `${user} (${from}, since ${since})`;
}
