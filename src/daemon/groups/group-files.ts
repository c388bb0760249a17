// SPDX-License-Identifier: BSD-3-Clause
import type { Logger } from 'pino';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { render } from '../../diagnostics/render.js';
import type { FileRead, GroupsTold, GroupTold } from './messages.js';
import { NO_GROUPS } from './messages.js';
import { FileWatch } from './watch.js';

/** Why a file's newest text is not in force. */
export interface FileFault {
  /** The first error with its place. */
  readonly message: string;
  /** Further errors. */
  readonly more: number;
  /** ISO time of the first look that found the file at fault. */
  readonly since: string;
}

export interface FileState {
  readonly entries: number;
  readonly loaded: string;
  readonly fault: FileFault | null;
}

/** The groups in force and the state of their files. */
export class GroupFiles {
  readonly #log: Logger;
  readonly #watch: FileWatch;
  #told: GroupsTold = NO_GROUPS;
  #files = new Map<string, FileState>();

  /** `changed` is called with files that may have new members, and when that was noticed. */
  constructor(log: Logger, changed: (files: readonly string[], noticed: number) => void) {
    this.#log = log;
    this.#watch = new FileWatch(changed, (directory, message) =>
      log.error({ event: 'group-files-not-watched', directory, message }),
    );
  }

  get groups(): readonly GroupTold[] {
    return this.#told.groups;
  }

  get files(): ReadonlyMap<string, FileState> {
    return this.#files;
  }

  /** Takes the groups that came into force; faults of files that stay are kept. */
  take(told: GroupsTold): void {
    this.#told = told;
    this.#files = new Map(
      told.files.map(({ file, entries, loaded }) => {
        const fault = this.#files.get(file)?.fault ?? null;
        return [file, { entries, loaded, fault }];
      }),
    );
    this.#watch.set([...this.#files.keys()]);
  }

  /** Notes what a look at files found; `problem` kept good ones from coming into force. */
  note(reads: readonly FileRead[], problem: string | null): void {
    for (const { file, state, diagnostics } of reads) {
      const known = this.#files.get(file);
      if (known === undefined) continue;
      const errors = diagnostics.filter(({ severity }) => severity === 'error');
      const message = state === 'bad' ? firstOf(errors) : state === 'new' ? problem : null;
      const since = known.fault?.since ?? new Date().toISOString();
      const more = Math.max(0, errors.length - 1);
      const fault = message === null ? null : { message, more, since };
      this.#files.set(file, { ...known, fault });
      if (message !== null)
        this.#log.error({ event: 'group-file-refused', file, message, more, kept: known.entries });
    }
  }

  close(): void {
    this.#watch.close();
  }
}

function firstOf([first]: readonly Diagnostic[]): string {
  return first === undefined ? 'it cannot be read' : (render(first).split('\n')[0] as string);
}
