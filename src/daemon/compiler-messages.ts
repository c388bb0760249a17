// SPDX-License-Identifier: BSD-3-Clause
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { Assertion } from '../trace/assertions.js';

/** What crosses between sluiced and its compile thread: packed bytes, names and diagnostics. */
export interface CompileJob {
  readonly id: number;
  readonly op: 'compile';
  /** JSON of an ApplyRequest, as it came over the socket. */
  readonly request: Uint8Array;
  readonly main: string;
  readonly generation: number;
}

/** The generation is in force: its slots are the ones to go on from. */
export interface KeepJob {
  readonly id: number;
  readonly op: 'keep';
  readonly generation: number;
}

/** Goes on from the slots of the image that is in force already. */
export interface ResumeJob {
  readonly id: number;
  readonly op: 'resume';
  readonly image: Uint8Array;
}

export type Job = CompileJob | KeepJob | ResumeJob;

export type CompileOutcome =
  | {
      readonly ok: true;
      readonly image: Uint8Array;
      readonly stages: CompileStages;
      readonly assertions: readonly Assertion[];
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly message: string };

export interface CompileStages {
  readonly read: number;
  readonly schema: number;
  readonly check: number;
  readonly compile: number;
}

export interface Done {
  readonly id: number;
  readonly outcome: CompileOutcome | null;
  /** Our own fault, with its stack. */
  readonly fault?: string;
}
