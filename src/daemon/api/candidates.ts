// SPDX-License-Identifier: BSD-3-Clause
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import type { Config, EditError, Hunk, Operation, Words } from '../../rulefile/config.js';
import type { Reference } from '../../rulefile/references.js';
import type { Applied, Previewed, Refused } from './types.js';

export type * from '../../rulefile/config.js';
export type { Grammar, GrammarNode, ItemGrammar, ValueGrammar } from '../../rulefile/grammar.js';
export type { Reference, References } from '../../rulefile/references.js';

/**
 * Body of `POST /candidates`: a configuration of one's own to edit, which starts as what runs. It is
 * there until `DELETE /candidates/ID`, or until a `GET /candidates/ID/hold` ends, which has no answer
 * but its headers: so it goes with whoever opened it.
 */
export interface CandidateRequest {
  /** `exclusive`: nobody else may open one, apply or commit until it is gone. */
  readonly mode: 'private' | 'exclusive';
  /** Who edits, as others are told; where the socket knows better, it is what the socket says. */
  readonly user: string;
  /** From where: an address, a terminal. */
  readonly from: string;
}

/** Answer of `POST /candidates`, and in the list of `GET /candidates`. */
export interface CandidateTold extends CandidateRequest {
  readonly id: string;
  /** The commit it started from. */
  readonly base: number;
  /** ISO time. */
  readonly since: string;
  /** Whether it differs from what it started from. */
  readonly changed: boolean;
}

/**
 * Answer of `GET /candidates/ID/config?path=JSON` (and of `GET /configuration`, which is what runs, or
 * with `commit=N` what ran): the part at a path, a JSON array of words. `format=set` gives SetConfig,
 * `format=yaml` gives YamlConfig, `format=text` too, in braces.
 */
export interface TreeConfig {
  /** null where nothing is written. */
  readonly config: Config | null;
}

export interface SetConfig {
  /** `set …` and `deactivate …` that make it from nothing, words quoted where they need it. */
  readonly lines: readonly string[];
}

export interface YamlConfig {
  readonly text: string;
}

/**
 * Body of `POST /candidates/ID/edit`. The operations happen in order, all or none. The words of `set`
 * may go on after a value with another key of the same map: `… rules browse source lan action allow`.
 */
export interface EditRequest {
  readonly operations: readonly Operation[];
}

/*
 * Operations: `set` and `delete` of a value of a list add and take away one; `rename` and `copy` give
 * another name; `insert` moves an item of an ordered list, and makes it where it is not there yet;
 * `load-merge` adds a rule file's text to what is there, `load-replace` leaves nothing else.
 */

export interface Edited {
  readonly ok: true;
  /** Whether the candidate is another than before. */
  readonly changed: boolean;
  /** What the user should know: of a load, its warnings. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Nothing of the request has happened. */
export interface EditRefused {
  readonly ok: false;
  readonly errors: readonly EditError[];
  /** Of a text that was to be loaded. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Answer of `GET /candidates/ID/compare?with=N`: `with` is `running`, or a commit. */
export interface Compared {
  /** By the place they are in, in order. */
  readonly hunks: readonly Hunk[];
  /** The same as commands: `delete …`, `set …`, `insert …`. */
  readonly commands: readonly string[];
}

/** Body of `POST /candidates/ID/commit`. */
export interface CommitRequest {
  /** Only the checks: nothing is pushed. */
  readonly check?: boolean;
  /** Say what it would do; nothing changes. */
  readonly preview?: boolean;
  /** Minutes to confirm in. */
  readonly confirm?: number;
  readonly comment?: string;
}

/** Answer of a commit; `changed: false` is a candidate that says what runs already. */
export type CommitAnswer = Applied | Previewed | CommitRefused;

export interface CommitRefused extends Refused {
  /** Places that others changed since the candidate started, and it too. */
  readonly conflicts?: readonly Conflict[];
}

export interface Conflict {
  readonly path: Words;
  readonly user: string;
  readonly commit: number;
}

/** A commit as `GET /commits` lists it, newest first. */
export interface CommitTold {
  /** Its number: the generation. */
  readonly commit: number;
  /** Commits ago: what `rollback` takes, 0 is what runs. */
  readonly ago: number;
  /** ISO time. */
  readonly at: string;
  readonly user: string;
  readonly from: string;
  /** apply, edit, rollback; `expired` where nobody confirmed the one before. */
  readonly by: 'apply' | 'edit' | 'rollback' | 'expired';
  readonly comment: string | null;
  /** The rule file that was applied; `commit:N` where it was edited on the appliance. */
  readonly main: string;
}

/** Answer of `GET /commits/N`. */
export interface CommitShown extends CommitTold {
  /** The texts, verbatim, by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Body of `POST /candidates/ID/rollback`: the candidate becomes what ran so many commits ago. */
export interface RollbackRequest {
  readonly ago: number;
}

/** Answer of `GET /names?candidate=ID`, and without it of what runs: names by kind, for completion. */
export type LiveNames = Readonly<Record<Reference, readonly string[]>>;
