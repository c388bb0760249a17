// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, realpathSync, statSync, watch, type FSWatcher } from 'node:fs';
import path from 'node:path';

/** ms without an event after which a file counts as written; and the longest that events put it off. */
const QUIET = 25;
const LONGEST = 1000;

/**
 * Tells of files that may have changed. Their directories are watched, so that a file that is renamed
 * into place is seen; a directory that is not there yet is waited for in the nearest that is.
 */
export class FileWatch {
  readonly #changed: (files: readonly string[], noticed: number) => void;
  readonly #failed: (directory: string, message: string) => void;
  /** By file what its `stat` said when it was looked at last. */
  #files = new Map<string, string>();
  readonly #watchers = new Map<string, { readonly watcher: FSWatcher; readonly inode: string }>();
  #timer: NodeJS.Timeout | null = null;
  /** When the first event of those that wait came. */
  #noticed = 0;

  constructor(
    changed: (files: readonly string[], noticed: number) => void,
    failed: (directory: string, message: string) => void,
  ) {
    this.#changed = changed;
    this.#failed = failed;
  }

  /** Watches these files, by absolute path, and no others. */
  set(files: readonly string[]): void {
    this.#files = new Map(files.map((file) => [file, this.#files.get(file) ?? identity(file)]));
    this.#arm();
  }

  close(): void {
    this.#files.clear();
    this.#arm();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #arm(): void {
    const wanted = new Set([...this.#files.keys()].flatMap(directoriesOf));
    for (const [directory, { watcher, inode }] of this.#watchers) {
      // A directory of the same name that is another one has no watcher yet.
      if (wanted.has(directory) && identityOfDirectory(directory) === inode) continue;
      watcher.close();
      this.#watchers.delete(directory);
    }
    for (const directory of wanted) {
      if (this.#watchers.has(directory)) continue;
      try {
        const watcher = watch(directory, { persistent: false }, () => this.#event());
        watcher.on('error', () => this.#event());
        this.#watchers.set(directory, { watcher, inode: identityOfDirectory(directory) });
      } catch (error) {
        this.#failed(directory, (error as Error).message);
      }
    }
  }

  /** Many events make one look: it comes once they pause. */
  #event(): void {
    const now = Date.now();
    if (this.#timer === null) this.#noticed = now;
    else clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(QUIET, this.#noticed + LONGEST - now));
    this.#timer = setTimeout(() => this.#look(), wait);
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = null;
    this.#arm();
    const changed: string[] = [];
    for (const [file, before] of this.#files) {
      const now = identity(file);
      if (now === before) continue;
      this.#files.set(file, now);
      changed.push(file);
    }
    if (changed.length > 0) this.#changed(changed, this.#noticed);
  }
}

/** What differs after any change of the file that the path leads to. */
function identity(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined
    ? ''
    : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join();
}

function identityOfDirectory(directory: string): string {
  const found = statSync(directory, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? '' : [found.dev, found.ino].join();
}

/** Where events about a file come from: its directory, and that of the file links lead to. */
function directoriesOf(file: string): string[] {
  let directory = path.dirname(file);
  while (!existsSync(directory)) directory = path.dirname(directory);
  try {
    return [directory, path.dirname(realpathSync(file))];
  } catch {
    return [directory];
  }
}
