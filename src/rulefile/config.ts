// SPDX-License-Identifier: BSD-3-Clause

/** A part of a configuration as people see it, whatever its form in a rule file. */
export type Config =
  | {
      readonly kind: 'map';
      /** Keys, names, or the names of items; an item has its name here alone. */
      readonly entries: readonly ConfigEntry[];
      /** The order counts. */
      readonly ordered: boolean;
    }
  | { readonly kind: 'values'; readonly values: readonly ConfigValue[] }
  | { readonly kind: 'value'; readonly value: string };

export interface ConfigEntry {
  readonly word: string;
  readonly value: Config;
  /** Deactivated: written, and left out of what comes into force. */
  readonly inactive?: true;
}

export interface ConfigValue {
  readonly text: string;
  readonly inactive?: true;
}

/** Words that lead to a place of a configuration. */
export type Words = readonly string[];

/** A change to a configuration; daemon/api/candidates.ts says what each does. */
export type Operation =
  | { readonly op: 'set' | 'delete' | 'activate' | 'deactivate'; readonly path: Words }
  | { readonly op: 'rename' | 'copy'; readonly path: Words; readonly to: string }
  | {
      readonly op: 'insert';
      readonly path: Words;
      readonly where: 'before' | 'after' | 'first' | 'last';
      readonly anchor?: string;
    }
  | {
      readonly op: 'load-merge' | 'load-replace';
      readonly text: string;
      readonly file?: string;
    };

/** Why an operation is refused. */
export interface EditError {
  /** Index into the operations. */
  readonly operation: number;
  /** Index of the word that is wrong; the number of words where one is missing at the end. */
  readonly word: number;
  readonly message: string;
  /** What could stand there. */
  readonly expected: readonly string[];
  /** The nearest of these to what was written. */
  readonly suggestions: readonly string[];
}

export interface Hunk {
  readonly path: Words;
  readonly lines: readonly {
    /** `!` is an item that moved to this place. */
    readonly mark: '+' | '-' | '!' | ' ';
    readonly text: string;
  }[];
}
