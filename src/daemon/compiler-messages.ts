// SPDX-License-Identifier: BSD-3-Clause
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { Assertion } from '../trace/assertions.js';
import type { GroupsTold, ReloadJob, ReloadOutcome } from './groups/messages.js';

/** What crosses between sluiced and its compile thread: packed bytes, names and diagnostics. */
export interface CompileJob {
  readonly id: number;
  readonly op: 'compile';
  /** JSON of an ApplyRequest, as it came over the socket. */
  readonly request: Uint8Array;
  readonly main: string;
  readonly generation: number;
}

/** What was compiled last is in force: its model and slots are the ones to go on from. */
export interface KeepJob {
  readonly id: number;
  readonly op: 'keep';
  /** As it was compiled. */
  readonly generation: number;
  /** The one in force: an unchanged model leaves the generation as it was. */
  readonly inForce: number;
  /** A generation whose model stays kept too, to go back to. */
  readonly spare: number;
}

/** Goes on from the slots of the image that is in force already, and the model kept with it. */
export interface ResumeJob {
  readonly id: number;
  readonly op: 'resume';
  readonly image: Uint8Array;
}

/** Goes on from the model kept with an earlier generation, which the image brings back as a new one. */
export interface GoBackJob {
  readonly id: number;
  readonly op: 'go-back';
  readonly generation: number;
  readonly from: number;
}

export type Job = CompileJob | KeepJob | ResumeJob | GoBackJob | ReloadJob;

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

/** Jobs have an answer each: `outcome` of compile, `reload` of reload, `groups` of keep and resume. */
export interface Answer {
  readonly outcome?: CompileOutcome;
  readonly reload?: ReloadOutcome;
  readonly groups?: GroupsTold;
}

export interface Done extends Answer {
  readonly id: number;
  /** Our own fault, with its stack. */
  readonly fault?: string;
}
