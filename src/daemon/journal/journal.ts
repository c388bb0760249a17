// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { replaceSynced, syncFolder, writeSynced } from '../../platform/disk.js';
import type { Words } from '../../rulefile/config.js';
import type { CommitTold } from '../api/candidates.js';
import type { ApplyRequest } from '../api/types.js';

/** Commits that are kept, the one in force among them. */
export const MOST_COMMITS = 100;

/** What was committed, with the newest good text of every file of addresses. */
export interface KeptModel {
  readonly main: string;
  readonly request: ApplyRequest;
  /** When the text of a file was read that came after the commit, by path as in the request. */
  readonly loaded: ReadonlyMap<string, string>;
  /** When it was committed. */
  readonly applied: string;
}

/** Who did what, as it is written beside the texts. */
export interface Commit extends Omit<CommitTold, 'ago'> {
  /** Places an edit changed, for later edits of the same base; null for a whole file. */
  readonly paths: readonly Words[] | null;
  /** The first of the commands that tell what an edit changed. */
  readonly changes: readonly string[];
}

interface ModelFile {
  readonly main: string;
  readonly applied: string;
  readonly request: ApplyRequest;
}

/**
 * A folder for each commit: who and why, the texts verbatim, and those of address files loaded since.
 * A commit is written whole before its tables come into force, and is the head only once they are:
 * whatever ends in between, the head or the one prepared is what runs.
 */
export class Journal {
  readonly #root: string;

  constructor(directory: string) {
    this.#root = path.join(directory, 'commits');
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
  }

  /** The commit in force as far as the journal knows, 0 for none. */
  get head(): number {
    try {
      return Number(readFileSync(path.join(this.#root, 'head'), 'utf8'));
    } catch {
      return 0;
    }
  }

  /** Writes a commit down, on the disk when it returns; what was prepared before and never was in force goes. */
  prepare(commit: Commit, request: ApplyRequest): void {
    const { head } = this;
    for (const number of this.#numbers()) if (number > head) this.#remove(number);
    const folder = this.#folder(commit.commit);
    const next = `${folder}.new`;
    rmSync(next, { recursive: true, force: true });
    mkdirSync(next, { mode: 0o700 });
    writeSynced(path.join(next, 'model.json'), JSON.stringify(modelFile(commit, request)));
    writeSynced(path.join(next, 'commit.json'), JSON.stringify(commit));
    syncFolder(next);
    this.#remove(commit.commit);
    renameSync(next, folder);
    syncFolder(this.#root);
  }

  /** A commit that was prepared is in force. */
  settle(number: number): void {
    replaceSynced(path.join(this.#root, 'head'), String(number));
    const old = this.#numbers().filter((one) => one <= number);
    for (const one of old.slice(0, -MOST_COMMITS)) this.#remove(one);
  }

  /** The same configuration from other texts: those are its texts now. */
  rewrite(commit: Commit, request: ApplyRequest): void {
    if (!existsSync(this.#folder(commit.commit))) {
      this.prepare(commit, request);
      this.settle(commit.commit);
      return;
    }
    for (const name of readdirSync(this.#folder(commit.commit)))
      if (!name.endsWith('.json')) rmSync(path.join(this.#folder(commit.commit), name));
    replaceSynced(this.#model(commit.commit), JSON.stringify(modelFile(commit, request)));
    replaceSynced(path.join(this.#folder(commit.commit), 'commit.json'), JSON.stringify(commit));
  }

  /** New texts of address files, by path as in the request. */
  reload(number: number, texts: ReadonlyMap<string, string>): void {
    for (const [file, text] of texts) replaceSynced(this.#list(number, file), text);
  }

  /** An earlier configuration comes back as a new commit. */
  bringBack(from: number, commit: Commit): void {
    if (!existsSync(this.#folder(from))) return;
    const next = `${this.#folder(commit.commit)}.new`;
    rmSync(next, { recursive: true, force: true });
    cpSync(this.#folder(from), next, { recursive: true, preserveTimestamps: true });
    writeSynced(path.join(next, 'commit.json'), JSON.stringify(commit));
    syncFolder(next);
    this.#remove(commit.commit);
    renameSync(next, this.#folder(commit.commit));
    this.settle(commit.commit);
  }

  /** Who committed what; null where nothing readable is kept of it. */
  commit(number: number): Commit | null {
    return json(path.join(this.#folder(number), 'commit.json')) as Commit | null;
  }

  /** The newest first, from the one in force on. */
  list(): CommitTold[] {
    const { head } = this;
    return this.#numbers()
      .filter((number) => number <= head)
      .toReversed()
      .flatMap((number, ago): CommitTold[] => {
        const commit = this.commit(number);
        if (commit === null) return [];
        const { at, user, from, by, comment, main } = commit;
        return [{ commit: number, ago, at, user, from, by, comment, main }];
      });
  }

  /** The edits made since the last file was applied, oldest first. */
  edits(): Commit[] {
    const edits: Commit[] = [];
    for (const { commit: number } of this.list()) {
      const commit = this.commit(number);
      if (commit === null || !isEdit(commit.main)) break;
      edits.unshift(commit);
    }
    return edits;
  }

  /** null where nothing readable is kept of the commit. */
  read(number: number): KeptModel | null {
    const file = json(this.#model(number)) as ModelFile | null;
    if (file === null) return null;
    const { main, request, applied } = file;
    const files: Record<string, string> = { ...request.files };
    const loaded = new Map<string, string>();
    for (const name of Object.keys(files)) {
      const list = this.#list(number, name);
      if (!existsSync(list)) continue;
      files[name] = readFileSync(list, 'utf8');
      loaded.set(name, statSync(list).mtime.toISOString());
    }
    return { main, applied, request: { ...request, files }, loaded };
  }

  /** Ascending. */
  #numbers(): number[] {
    return readdirSync(this.#root)
      .filter((name) => /^[0-9]+$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  }

  #remove(number: number): void {
    rmSync(this.#folder(number), { recursive: true, force: true });
  }

  #folder(number: number): string {
    return path.join(this.#root, String(number));
  }

  #model(number: number): string {
    return path.join(this.#folder(number), 'model.json');
  }

  #list(number: number, file: string): string {
    const name = createHash('sha256').update(file).digest('hex');
    return path.join(this.#folder(number), name);
  }
}

/** Whether the texts were written by the appliance: canonical YAML after an edit. */
export function isEdit(main: string): boolean {
  return main.startsWith('commit:');
}

function modelFile({ main, at }: Commit, request: ApplyRequest): ModelFile {
  return { main, applied: at, request };
}

function json(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return null;
  }
}
