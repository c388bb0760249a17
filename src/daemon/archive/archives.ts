// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import type { Logger } from 'pino';
import { replaceSynced } from '../../platform/disk.js';
import type { Archive } from '../../system/model.js';
import type { Commit, Journal } from '../journal/journal.js';
import { GitRemote, type Archived } from './git.js';
import { archivedTexts } from './texts.js';
import { replaceFolder } from './write.js';

/** s until a failed archive is tried again, doubled each time up to an hour. */
const AGAIN = 60;
const LONGEST = 3600;

export interface ArchiveState {
  readonly to: string;
  readonly branch: string | null;
  /** The newest commit that is there; null for none yet. */
  readonly commit: number | null;
  /** When it came there, ISO. */
  readonly at: string | null;
  /** Commits that are not there yet. */
  readonly waiting: number;
  readonly problem: string | null;
}

/** What is known of a commit that an archive has: the texts of one number may be written anew. */
interface Mark {
  readonly commit: number;
  readonly committed: string;
  /** When it came there; null for one that is left out: an archive begins with what is in force. */
  readonly at: string | null;
}

/** Keeps commits elsewhere too, each once it is in force; nothing waits for that. */
export class Archives {
  readonly #folder: string;
  readonly #journal: Journal;
  readonly #read: (secret: string) => string | null;
  readonly #log: Logger;
  #all: Keeper[] = [];

  constructor(
    state: string,
    journal: Journal,
    read: (secret: string) => string | null,
    log: Logger,
  ) {
    this.#folder = path.join(state, 'archives');
    this.#journal = journal;
    this.#read = read;
    this.#log = log;
  }

  get states(): ArchiveState[] {
    return this.#all.map(({ state }) => state);
  }

  /** Something may be in force that archives do not have. */
  take(archives: readonly Archive[]): void {
    const key = (one: Archive): string => JSON.stringify(identity(one));
    const before = new Map(this.#all.map((one) => [key(one.archive), one]));
    this.#all = archives.map((archive) => {
      const known = before.get(key(archive));
      before.delete(key(archive));
      const name = createHash('sha256').update(key(archive)).digest('hex').slice(0, 16);
      return (
        known ??
        new Keeper(archive, path.join(this.#folder, name), this.#journal, this.#read, this.#log)
      );
    });
    for (const gone of before.values()) gone.close();
    for (const one of this.#all) one.look();
  }

  close(): void {
    for (const one of this.#all) one.close();
  }
}

/** What makes an archive another; where the rule file says so does not. */
function identity(archive: Archive): unknown {
  if (archive.kind === 'directory') return archive;
  const { key, login, ...rest } = archive;
  return { ...rest, key: key?.secret, user: login?.user, password: login?.password.secret };
}

/** One archive, with what it has. */
class Keeper {
  readonly archive: Archive;
  readonly #folder: string;
  readonly #journal: Journal;
  readonly #log: Logger;
  readonly #git: GitRemote | null;
  #mark: Mark | null;
  #problem: string | null = null;
  #busy = false;
  #more = false;
  #closed = false;
  #wait = AGAIN;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    archive: Archive,
    folder: string,
    journal: Journal,
    read: (secret: string) => string | null,
    log: Logger,
  ) {
    this.archive = archive;
    this.#folder = folder;
    this.#journal = journal;
    this.#log = log;
    this.#git =
      archive.kind === 'git' ? new GitRemote(archive, path.join(folder, 'copy'), read) : null;
    this.#mark = this.#readMark();
  }

  get state(): ArchiveState {
    const { archive } = this;
    return {
      to: archive.kind === 'git' ? archive.url : archive.directory,
      branch: archive.kind === 'git' ? archive.branch : null,
      commit: this.#mark?.at == null ? null : this.#mark.commit,
      at: this.#mark?.at ?? null,
      waiting: this.#waiting().length,
      problem: this.#problem,
    };
  }

  look(): void {
    const { head } = this.#journal;
    if (this.#mark === null && head > 0)
      this.#writeMark({ commit: head - 1, committed: '', at: null });
    this.#more = true;
    if (!this.#busy) void this.#work();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#git?.close();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#more && !this.#closed) {
      this.#more = false;
      try {
        await this.#keep(this.#waiting());
        this.#problem = null;
        this.#wait = AGAIN;
      } catch (error) {
        this.#failed(error as Error);
      }
    }
    this.#busy = false;
  }

  #failed({ message }: Error): void {
    if (this.#closed) return;
    this.#problem = message;
    this.#log.error({ event: 'not-archived', to: this.state.to, why: message });
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), this.#wait * 1000).unref();
    this.#wait = Math.min(2 * this.#wait, LONGEST);
  }

  /** Commits of the journal the archive does not have, oldest first. */
  #waiting(): Commit[] {
    const { head } = this.#journal;
    const mark = this.#mark;
    if (mark === null) return [];
    if (mark.commit === head)
      return [this.#journal.commit(head) ?? []].flat().filter(({ at }) => at !== mark.committed);
    const first = mark.commit > head ? head - 1 : mark.commit;
    return this.#journal
      .list()
      .filter(({ commit }) => commit > first)
      .toReversed()
      .flatMap(({ commit }) => this.#journal.commit(commit) ?? []);
  }

  async #keep(commits: readonly Commit[]): Promise<void> {
    const last = commits.at(-1);
    if (last === undefined) return;
    if (this.archive.kind === 'directory')
      for (const one of commits) await this.#write(one, this.archive.directory);
    // One after the other: the texts of many commits are much memory.
    else await this.#git?.push(commits.map((one) => () => this.#archived(one)));
    this.#writeMark({ commit: last.commit, committed: last.at, at: new Date().toISOString() });
    this.#log.info({ event: 'archived', to: this.state.to, commit: last.commit });
  }

  async #write(commit: Commit, directory: string): Promise<void> {
    const about = ['commit.json', `${JSON.stringify(commit, null, 2)}\n`] as const;
    const texts = new Map([...this.#texts(commit), about]);
    await replaceFolder(path.join(directory, `${hostname()}-${commit.commit}`), texts);
  }

  #texts({ commit }: Commit): Map<string, string> {
    const kept = this.#journal.read(commit);
    if (kept === null) throw new Error(`commit ${commit} cannot be read`);
    return archivedTexts(kept);
  }

  #archived(commit: Commit): Archived {
    const { user, from, at, by, comment, changes } = commit;
    const head = comment ?? `commit ${commit.commit}`;
    const about = `commit ${commit.commit} of ${hostname()} by ${user} from ${from} (${by})`;
    const message = [head, about, changes.join('\n')].filter((part) => part !== '').join('\n\n');
    const name = user.replace(/[<>\n]/g, '');
    return { texts: this.#texts(commit), author: `${name} <${name}@${hostname()}>`, at, message };
  }

  #readMark(): Mark | null {
    try {
      return JSON.parse(readFileSync(path.join(this.#folder, 'mark'), 'utf8')) as Mark;
    } catch {
      return null; // nothing was archived there
    }
  }

  #writeMark(mark: Mark): void {
    this.#mark = mark;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    replaceSynced(path.join(this.#folder, 'mark'), JSON.stringify(mark));
  }
}
