// SPDX-License-Identifier: BSD-3-Clause
import type { Learnt } from '../compiler/learnt.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { Words } from '../rulefile/config.js';
import type { ChangedPlace } from './api/types.js';
import type { CandidateRequest, Conflict, Operation } from './api/candidates.js';
import type { System } from '../system/model.js';
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
  /** Nothing comes into force. */
  readonly dry: boolean;
}

/** The configuration of a candidate, over what others committed since it began. */
export interface BuildJob {
  readonly id: number;
  readonly op: 'build';
  readonly candidate: string;
  readonly generation: number;
  /** Rules are compared with each other too. */
  readonly analyse: boolean;
  /** Who commits may change `system`, and with it who may do what. */
  readonly system: boolean;
}

/** What was compiled last is written down, before it comes into force. */
export interface PrepareJob {
  readonly id: number;
  readonly op: 'prepare';
  readonly generation: number;
  readonly by: Author;
}

/** What was compiled last is in force: its model and slots are the ones to go on from. */
export interface KeepJob {
  readonly id: number;
  readonly op: 'keep';
  /** As it was compiled. */
  readonly generation: number;
  /** The one in force: an unchanged model leaves the generation as it was. */
  readonly inForce: number;
  readonly by: Author;
}

/** Goes on from the slots of the image that is in force already, and the model kept with it. */
export interface ResumeJob {
  readonly id: number;
  readonly op: 'resume';
  readonly image: Uint8Array;
}

/** Compiles what the journal has as the commit in force: a datapath without tables needs them. */
export interface RebuildJob {
  readonly id: number;
  readonly op: 'rebuild';
}

/** Goes on from the model kept with an earlier generation, which the image brings back as a new one. */
export interface GoBackJob {
  readonly id: number;
  readonly op: 'go-back';
  readonly generation: number;
  readonly from: number;
  readonly by: Author;
}

/** What people do with candidates; the answer is the API's, as it is. */
export interface CandidateJob {
  readonly id: number;
  readonly op: 'candidate';
  readonly ask: CandidateAsk;
}

export type CandidateAsk =
  | { readonly to: 'open'; readonly request: CandidateRequest }
  | { readonly to: 'list' }
  | { readonly to: 'drop'; readonly candidate: string }
  | {
      readonly to: 'edit';
      readonly candidate: string;
      readonly operations: readonly Operation[];
    }
  | {
      readonly to: 'config';
      /** A candidate, a commit, or null for what runs. */
      readonly of: string | number | null;
      readonly path: Words;
      readonly format: string;
    }
  | { readonly to: 'compare'; readonly candidate: string; readonly with: number | null }
  | { readonly to: 'names'; readonly candidate: string | null }
  | { readonly to: 'rollback'; readonly candidate: string; readonly ago: number }
  | { readonly to: 'locked' };

/** Who commits, and why. */
export interface Author {
  readonly user: string;
  readonly from: string;
  readonly comment: string | null;
}

export type Job =
  | CompileJob
  | BuildJob
  | PrepareJob
  | KeepJob
  | ResumeJob
  | RebuildJob
  | GoBackJob
  | ReloadJob
  | CandidateJob;

/** With what interfaces were told by their networks, for all that is compiled from then on. */
export type Sent = Job & { readonly learnt: readonly Learnt[] };

export type CompileOutcome =
  | {
      readonly ok: true;
      readonly image: Uint8Array;
      readonly stages: CompileStages;
      readonly assertions: readonly Assertion[];
      /** It comes into force even where its tables are those that run. */
      readonly edited: boolean;
      /** Of a candidate, where rules were compared. */
      readonly changes?: readonly ChangedPlace[];
      readonly findings?: readonly Diagnostic[];
      readonly system: System;
      readonly diagnostics: readonly Diagnostic[];
    }
  /** A candidate that says what runs. */
  | { readonly ok: 'same' }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      readonly message: string;
      readonly conflicts?: readonly Conflict[];
    };

export interface CompileStages {
  readonly read: number;
  readonly schema: number;
  readonly check: number;
  readonly compile: number;
}

/** Jobs have an answer each: `outcome` of compile, build and rebuild, `groups` of keep and resume. */
export interface Answer {
  readonly outcome?: CompileOutcome;
  readonly reload?: ReloadOutcome;
  readonly groups?: GroupsTold;
  /** Of a candidate job; `refused` where it cannot be answered. */
  readonly candidate?: unknown;
  readonly refused?: { readonly status: number; readonly message: string };
}

export interface Done extends Answer {
  readonly id: number;
  /** Our own fault, with its stack. */
  readonly fault?: string;
}
